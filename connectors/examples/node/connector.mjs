// SPDX-License-Identifier: Apache-2.0
// A connector (コネクタ) in plain Node, from the documentation alone: it takes orders over AMQP, opens and
// checks them, and answers each with `completed`. docs/connectors.md, docs/messages.md and /v1/asyncapi.json
// are all it was written from.
//
//   TODOKE_NUMBER    13 digits (法人番号)          TODOKE_AMQP_URL  amqp(s)://org-NUMBER:PASSWORD@HOST/VHOST
//   TODOKE_ENGINE    where /v1/keys is             TODOKE_HOME      a directory: keys and what was done
//   TODOKE_AMQP_CA, TODOKE_AMQP_CERT, TODOKE_AMQP_KEY   for TLS, and to log in by certificate

import { createPrivateKey, createPublicKey, randomUUID } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import amqp from 'amqplib';
import { calculateJwkThumbprint, CompactEncrypt, CompactSign, compactDecrypt, compactVerify, importJWK } from 'jose';

const ONE = 'application/cloudevents+json';
const BATCH = 'application/cloudevents-batch+json';
const TYPE = 'todoke-message+jose';
const SHARED = ['id', 'type', 'subject', 'source', 'sequence'];
const TAKES = /^jp\.todoke\.order\.(submit|amend|withdraw|answer)\.v1$/;

const need = (name) => process.env[name] ?? fail(`${name} is not set`);
const fail = (why) => { console.error(why); process.exit(2); };

const number = need('TODOKE_NUMBER');
const home = need('TODOKE_HOME');
const source = `/organisations/${number}`;

async function ownKey(file) {
  const key = createPrivateKey(readFileSync(join(home, file)));
  const kid = await calculateJwkThumbprint(createPublicKey(key).export({ format: 'jwk' }));
  return { key, kid };
}

async function engineKeys() {
  const answer = await fetch(`${need('TODOKE_ENGINE').replace(/\/$/, '')}/v1/keys`);
  if (!answer.ok) throw new Error(`/v1/keys: ${answer.status}`);
  const known = { sig: new Map(), enc: undefined };
  for (const jwk of (await answer.json()).keys) {
    if (jwk.kty !== 'EC' || jwk.crv !== 'P-256') continue;
    const kid = await calculateJwkThumbprint(jwk);
    if (jwk.use === 'sig') known.sig.set(kid, await importJWK(jwk, 'ES256'));
    if (jwk.use === 'enc') known.enc = { kid, key: await importJWK(jwk, 'ECDH-ES+A256KW') };
  }
  return known;
}

// --- seals: a JWS inside a JWE, and both headers say what the envelope says ---------------------------

function compare(header, event) {
  for (const name of SHARED) if (header[name] !== event[name]) throw new Error(`seal-mismatch ${name}`);
}

async function open(event, own, engine) {
  const outer = await compactDecrypt(event.data, own.key, {
    keyManagementAlgorithms: ['ECDH-ES+A256KW'], contentEncryptionAlgorithms: ['A256GCM'],
  });
  compare(outer.protectedHeader, event);
  if (outer.protectedHeader.kid !== own.kid) throw new Error('seal-unknown-recipient');
  const inner = await compactVerify(outer.plaintext, ({ kid }) => {
    if (!engine.sig.has(kid)) throw new Error('seal-unknown-signer');
    return engine.sig.get(kid);
  }, { algorithms: ['ES256'] });
  const header = inner.protectedHeader;
  compare(header, event);
  if (header.typ !== TYPE || header.aud !== own.kid || header.source !== '/engine') throw new Error('seal-mismatch');
  return JSON.parse(new TextDecoder().decode(inner.payload));
}

async function seal(event, payload, signing, recipient) {
  const shared = Object.fromEntries(SHARED.map((name) => [name, event[name]]));
  const text = new TextEncoder().encode(JSON.stringify(payload));
  const padded = new Uint8Array(Math.ceil(text.length / 256) * 256).fill(32); // the length says little then
  padded.set(text);
  const signed = await new CompactSign(padded)
    .setProtectedHeader({ alg: 'ES256', kid: signing.kid, typ: TYPE, aud: recipient.kid, ...shared, time: event.time })
    .sign(signing.key);
  const data = await new CompactEncrypt(new TextEncoder().encode(signed))
    .setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid: recipient.kid, cty: 'JOSE', ...shared })
    .encrypt(recipient.key);
  return { ...event, data };
}

// --- what was done: one line for each order, written before it is acknowledged -----------------------

class Done {
  constructor(file) {
    this.file = file;
    this.orders = new Map();
    this.last = new Map();
    this.replies = new Map();
    if (!existsSync(file)) return;
    for (const line of readFileSync(file, 'utf8').split('\n')) if (line) this.#learn(JSON.parse(line));
  }

  // An order that a later submit or withdraw has overtaken takes no effect.
  isOvertaken(event) { return (this.last.get(event.subject) ?? -1) > event.sequence; }

  nextReply(subject) { return (this.replies.get(subject) ?? 0) + 1; }

  keep(event, reply) {
    const line = { order: event.id, type: event.type, subject: event.subject, sequence: event.sequence, reply };
    appendFileSync(this.file, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true });
    this.#learn(line);
  }

  #learn({ order, type, subject, sequence, reply }) {
    this.orders.set(order, reply);
    if (/submit|withdraw/.test(type)) this.last.set(subject, Math.max(sequence, this.last.get(subject) ?? -1));
    if (reply) this.replies.set(subject, (this.replies.get(subject) ?? 0) + 1);
  }
}

// --- the work of the organisation -------------------------------------------------------------------

function answer(type, order, payload) {
  const receipt = `N-${order.slice(2, 10)}`;
  switch (type) {
    case 'submit': return ['completed', { orderId: order, receipt, documents: [] }];
    case 'amend': return ['amended', { orderId: order, receipt }];
    case 'withdraw': return ['withdrawn', { orderId: order, receipt }];
    default: return ['received', { orderId: order, receipt: payload.questionId }];
  }
}

async function main() {
  const [signing, own] = [await ownKey('signing.pem'), await ownKey('decryption.pem')];
  const done = new Done(join(home, 'done.jsonl'));
  let engine = await engineKeys();

  const tls = {};
  for (const [option, name] of [['ca', 'TODOKE_AMQP_CA'], ['cert', 'TODOKE_AMQP_CERT'], ['key', 'TODOKE_AMQP_KEY']]) {
    if (process.env[name]) tls[option] = readFileSync(process.env[name]);
  }
  if (tls.cert) tls.credentials = amqp.credentials.external();
  const connection = await amqp.connect(need('TODOKE_AMQP_URL'), tls);
  connection.on('close', () => process.exit(process.exitCode ?? 1)); // whoever runs us starts us again
  connection.on('error', (error) => console.error(error.message));
  const incoming = await connection.createChannel();
  const outgoing = await connection.createConfirmChannel();
  await incoming.prefetch(20);

  async function reply(event) {
    if (done.orders.has(event.id)) return done.orders.get(event.id); // the same answer under the same id
    const kind = TAKES.exec(event.type)?.[1];
    if (!kind) throw new Error(`unknown type ${event.type}`);
    let payload;
    try {
      payload = await open(event, own, engine);
    } catch (error) {
      if (error.message !== 'seal-unknown-signer') throw error;
      engine = await engineKeys(); // the engine may have changed its keys
      payload = await open(event, own, engine);
    }
    if (done.isOvertaken(event)) { done.keep(event, null); return null; }
    const [said, content] = answer(kind, event.id, payload);
    const type = `jp.todoke.reply.${said}.v1`;
    const envelope = {
      specversion: '1.0', id: `${event.id}.1`, source, type, subject: event.subject,
      time: `${new Date().toISOString().slice(0, 19)}Z`, datacontenttype: 'application/jose',
      dataschema: event.dataschema.replace(/order\.[a-z]+/, `reply.${said}`), sequence: done.nextReply(event.subject),
    };
    const sealed = await seal(envelope, content, signing, engine.enc);
    done.keep(event, sealed);
    return sealed;
  }

  async function publish(replies) {
    const body = Buffer.from(JSON.stringify(replies.length === 1 ? replies[0] : replies));
    const contentType = replies.length === 1 ? ONE : BATCH;
    await new Promise((taken, refused) => {
      outgoing.publish('todoke.replies', number, body, {
        contentType, persistent: true, mandatory: true, messageId: randomUUID(), userId: `org-${number}`,
      }, (error) => (error ? refused(error) : taken()));
    });
  }

  async function work(message) {
    const content = JSON.parse(message.content);
    const events = message.properties.contentType === BATCH ? content : [content];
    const replies = [];
    for (const event of events) {
      const one = await reply(event);
      if (one) replies.push(one);
    }
    if (replies.length) await publish(replies);
    incoming.ack(message);
  }

  let turn = Promise.resolve(); // one after another: orders of one filing stay in their order
  await incoming.consume(`orders.${number}`, (message) => {
    if (message === null) fail('the queue is gone');
    turn = turn.then(() => work(message)).catch((error) => {
      console.error(`order.unreadable ${error.message}`); // never its content
      incoming.reject(message, false); // to the dead letters, where operators see it
    });
  });
  const stop = async () => { process.exitCode = 0; await turn; await connection.close(); };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  console.log('connector.started');
}

await main();
