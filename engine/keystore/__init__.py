# SPDX-License-Identifier: Apache-2.0
"""Where the operator's keys live: in files, or in a hardware module (PKCS#11) that never gives them out.

engine/keys.py ── what each key is for
     └─ port.py ── what a store of keys does
           ├─ files.py     a directory of small files
           └─ hardware.py  key pairs in the token, the 32-byte keys in files that only the token opens
                  └─ token.py  the one door to PKCS#11
"""
