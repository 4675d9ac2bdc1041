# SPDX-License-Identifier: Apache-2.0
"""Every refusal of the gate, with its HTTP status. What can be tried again later is 503."""

from engine.core.errors import Code, register

register(
    {
        "not-signed-in": Code(
            401,
            "ログインしてください",
            "Sign in first",
        ),
        "no-such-challenge": Code(
            404,
            "確認文が見つかりません",
            "There is no such challenge",
        ),
        "no-such-person": Code(
            404,
            "その人は登録されていません",
            "There is no such person",
        ),
        "no-such-assistance": Code(
            404,
            "窓口の受付が見つかりません",
            "There is no such visit to the counter, or not one of yours",
        ),
        "assistance-ended": Code(
            403,
            "窓口の受付は終了しています。ご本人がいらっしゃるときに、改めて受け付けてください",
            "The visit is over; receive the person anew while they are there",
        ),
        "not-allowed-on-behalf": Code(
            403,
            "この操作は本人だけができます",
            "Only the person themselves can do this",
        ),
        "not-allowed-own-case": Code(
            403,
            "自分の手続や、自分が代理する人の手続を、係員として扱うことはできません",
            "Nobody serves themselves at the counter, or whom they represent",
        ),
        "not-allowed-by-code": Code(
            403,
            "控えのコードでは、その案件の閲覧だけができます",
            "With the code one sees that one case, and does nothing",
        ),
        "citizen-has-card": Code(
            409,
            "この方にはすでにカードなどが結び付いています。ご本人がログインして追加してください",
            "The person has a card or the app already: they sign in with it, and add another themselves",
        ),
        "no-such-code": Code(
            404,
            "コードが正しくないか、使えなくなっています",
            "The code is wrong, or opens nothing any more",
        ),
        "another-citizen": Code(
            409,
            "本人確認をした方と、記録にある方が異なります",
            "The person who was identified is not the one of the record",
        ),
        "ambiguous-standing": Code(
            403,
            "Todoke-Assisted と Todoke-Representation は、どちらか一つを指定してください",
            "Name one of Todoke-Assisted and Todoke-Representation, once",
        ),
        "no-such-representation": Code(
            404,
            "代理の記録が見つかりません",
            "There is no such representation, or not one of yours",
        ),
        "representation-revoked": Code(
            403,
            "この代理は取り消されています",
            "The representation was revoked",
        ),
        "representation-ended": Code(
            403,
            "この代理の期間は終わっています",
            "The representation has ended",
        ),
        "representation-not-begun": Code(
            403,
            "この代理の期間はまだ始まっていません",
            "The representation has not begun yet",
        ),
        "representation-scope": Code(
            403,
            "この代理権の範囲に含まれない手続です",
            "This is beyond the scope of the representation",
        ),
        "no-such-evidence": Code(
            404,
            "署名の記録が見つかりません",
            "There is no such evidence",
        ),
        "login-too-old": Code(
            403,
            "この操作の前に、もう一度カードで本人確認をしてください（POST /v1/login/proofs）",
            "Prove again with your card that it is you (POST /v1/login/proofs), then do this",
        ),
        "too-many-failures": Code(
            429,
            "失敗が続いたため、しばらく受け付けません",
            "Too many failures; come again later",
        ),
        "app-not-offered": Code(
            404,
            "デジタル認証アプリは利用できません",
            "The app is not offered here",
        ),
        "no-such-app-visit": Code(
            404,
            "アプリの手続が見つかりません。もう一度始めてください",
            "There is no such visit to the app, or not from here; start again",
        ),
        "app-refused": Code(
            422,
            "デジタル認証アプリで確認できませんでした",
            "The app's provider refused",
        ),
        "app-token-invalid": Code(
            422,
            "デジタル認証アプリの応答を確認できません",
            "What the app's provider says cannot be believed",
        ),
        "app-unavailable": Code(
            503,
            "デジタル認証アプリに接続できません。しばらくしてからやり直してください",
            "The app's provider cannot be reached now; try again later",
        ),
        "evidence-not-settled": Code(
            409,
            "署名の証拠はまだ確定していません。翌日以降にもう一度お試しください",
            "The proof of the signature is not settled yet; come again on a later day",
        ),
        "already-used-challenge": Code(
            409,
            "この確認文は使用済みです。もう一度始めてください",
            "The challenge has been used; start again",
        ),
        "already-linked-credential": Code(
            409,
            "この証明書は別の人に登録されています",
            "The certificate belongs to another person",
        ),
        "invalid-challenge-expired": Code(
            422,
            "確認文の期限が切れました。もう一度始めてください",
            "The challenge is too old; start again",
        ),
        "invalid-challenge-purpose": Code(
            422,
            "この確認文は別の目的のものです",
            "The challenge was made for another purpose",
        ),
        "invalid-challenge-audience": Code(
            422,
            "この確認文は別のサイトのものです",
            "The challenge was made for another site",
        ),
        "invalid-role": Code(
            422,
            "その役割はありません",
            "There is no such role",
        ),
        "malformed-certificate": Code(
            400,
            "証明書を読み取れません",
            "It is not a certificate in DER",
        ),
        "certificate-too-large": Code(
            400,
            "証明書が大きすぎます",
            "No certificate of a person is that large",
        ),
        "certificate-wrong-algorithm": Code(
            422,
            "証明書の暗号方式が違います",
            "The certificate has another algorithm than its root allows",
        ),
        "certificate-weak-key": Code(
            422,
            "証明書の鍵の強度が違います",
            "The key does not have the size, exponent or curve that the root's certificates have",
        ),
        "certificate-wrong-policy": Code(
            422,
            "証明書ポリシーが違います",
            "The certificate does not have exactly the one critical policy",
        ),
        "certificate-wrong-key-usage": Code(
            422,
            "この証明書はこの用途に使えません",
            "The certificate is not for this use",
        ),
        "certificate-wrong-profile": Code(
            422,
            "公的個人認証の証明書の形式ではありません",
            "The certificate does not follow the JPKI profile",
        ),
        "certificate-is-authority": Code(
            422,
            "認証局の証明書は使えません",
            "It is the certificate of an authority, not of a person",
        ),
        "certificate-unknown-extension": Code(
            422,
            "証明書に未知の重要な拡張があります",
            "A critical extension is not known here",
        ),
        "certificate-no-revocation-list": Code(
            422,
            "証明書に失効リストの場所がありません",
            "The certificate does not name exactly one revocation list, by directory name",
        ),
        "certificate-not-yet-valid": Code(
            422,
            "証明書の有効期間の前です",
            "The certificate is not valid yet",
        ),
        "certificate-expired": Code(
            422,
            "証明書の有効期限が切れています",
            "The certificate has expired",
        ),
        "certificate-attributes": Code(
            422,
            "証明書の基本4情報を読み取れません",
            "Name, birth date, sex or address cannot be read",
        ),
        "chain-unknown-issuer": Code(
            422,
            "発行者を確認できません",
            "No pinned root has this issuer's key",
        ),
        "chain-wrong-hierarchy": Code(
            422,
            "署名用と利用者証明用の証明書が逆です",
            "The issuer is the root of the other use: login and signature are kept apart",
        ),
        "chain-wrong-generation": Code(
            422,
            "証明書が示す認証局の世代が違います",
            "The certificate names one generation of its authority and was signed by another",
        ),
        "chain-root-expired": Code(
            422,
            "認証局の証明書の有効期間外です",
            "The root was not in its period at that time",
        ),
        "chain-invalid": Code(
            422,
            "証明書の連鎖を確認できません",
            "The chain to the pinned root does not hold",
        ),
        "status-revoked": Code(
            403,
            "この証明書は失効しています",
            "The certificate is revoked",
        ),
        "status-unknown": Code(
            503,
            "証明書の状態が不明です。しばらくしてからやり直してください",
            "Its status is unknown; try again later",
        ),
        "status-unavailable": Code(
            503,
            "証明書の失効を確認できません。しばらくしてからやり直してください",
            "Revocation cannot be checked now; try again later",
        ),
        "signature-malformed": Code(
            400,
            "署名の形式が正しくありません",
            "The signature cannot be read",
        ),
        "signature-invalid": Code(
            422,
            "署名を確認できません",
            "The signature is not right",
        ),
        "signature-wrong-attributes": Code(
            422,
            "署名の属性が正しくありません",
            "A signed attribute is missing or does not fit",
        ),
        "signature-time-unproven": Code(
            503,
            "時刻を証明できません。しばらくしてからやり直してください",
            "The time cannot be proven now; try again",
        ),
        "malformed-mandate": Code(
            400,
            "委任文を読み取れません",
            "It is not a mandate in canonical JSON (RFC 8785)",
        ),
        "invalid-mandate": Code(
            422,
            "委任文がお示しした内容と違います",
            "It is not the mandate that was offered in this session",
        ),
        "invalid-mandate-expired": Code(
            422,
            "委任の期限が過ぎています",
            "The mandate has expired",
        ),
        "already-used-mandate": Code(
            409,
            "この委任文は署名済みです",
            "The mandate has been signed before",
        ),
        "invalid-pin": Code(
            422,
            "暗証番号の形式が正しくありません",
            "The PIN does not have the right form",
        ),
        "wrong-pin": Code(
            422,
            "暗証番号が違います",
            "The PIN is wrong; the values say how many tries are left",
        ),
        "card-blocked": Code(
            422,
            "カードがロックされています。市区町村の窓口で解除できます",
            "The card is blocked; a municipality can unblock it",
        ),
        "card-unreadable": Code(
            422,
            "カードを読み取れません",
            "The card does not answer as a JPKI card does",
        ),
    }
)
