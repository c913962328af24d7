// BullMQ, Fastify and pg, speaking the protocol of ../README.md. BullMQ's defaults are its durable ones: a job is locked
// for 30 s while it runs, the lock is renewed, and a stalled one goes back to the queue; finished jobs are kept.

import { appendFileSync, writeSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Queue, Worker } from 'bullmq';
import Fastify from 'fastify';
import Redis from 'ioredis';
import pg from 'pg';

const say = (line) => writeSync(1, `${JSON.stringify(line)}\n`);
/** Microseconds since 1970; `Date.now()` alone knows milliseconds only. */
const now = () => Math.round((performance.timeOrigin + performance.now()) * 1000);
// BullMQ asks for connections that never give up a blocking command.
const redis = () => new Redis(process.env.REDIS_URL, { maxRetriesPerRequest: null });

async function transaction(pool, row) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({
      name: 'update',
      text: 'UPDATE bench_row SET n = n + 1, touched = now() WHERE id = $1',
      values: [row],
    });
    await client.query({
      name: 'insert',
      text: "INSERT INTO bench_event (row_id, at, message) VALUES ($1, now(), 'the task ran')",
      values: [row],
    });
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

const kinds = {
  tx: (pool, row) => transaction(pool, row),
  noop: async () => {},
  wait20: () => wait(20),
  hold: () => wait(600_000),
};

async function worker({ kind, concurrency, record }) {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: concurrency });
  let lines = '';
  let done = 0;
  let said = 0;
  const run = async ({ data }) => {
    if (record) lines += `${now()} ${data.due} ${data.row}\n`;
    await kinds[kind](pool, data.row);
  };
  const consuming = new Worker(kind, run, { connection: redis(), concurrency });
  consuming.on('completed', () => { done += 1; });
  consuming.on('error', (error) => console.error(error));
  consuming.on('failed', (_, error) => console.error(error));
  const tell = () => {
    if (done !== said) say({ done, at: now() });
    said = done;
    if (lines) appendFileSync(record, lines);
    lines = '';
  };
  setInterval(tell, 100);
  process.on('SIGTERM', async () => {
    await consuming.close();
    tell();
    process.exit(0);
  });
  await consuming.waitUntilReady();
  say({ up: true });
}

async function api({ kind, port }) {
  const queue = new Queue(kind, { connection: redis() });
  const server = Fastify();
  const body = {
    type: 'object',
    required: ['row', 'due'],
    properties: { row: { type: 'integer' }, due: { type: 'integer' } },
  };
  server.post('/tasks', { schema: { body } }, async (request, reply) => {
    const job = await queue.add(kind, request.body);
    reply.code(202);
    return { id: job.id };
  });
  process.on('SIGTERM', async () => {
    await server.close();
    process.exit(0);
  });
  await server.listen({ host: '127.0.0.1', port });
  say({ up: true });
}

async function enqueue({ kind, count, at }) {
  const queue = new Queue(kind, { connection: redis() });
  for (let first = 0; first < count; first += 1000) {
    const opts = at ? { delay: Math.max(0, at - Date.now()) } : {};
    const jobs = Array.from({ length: Math.min(1000, count - first) }, (_, i) => ({
      name: kind,
      data: { row: (first + i) % 10_000, due: at ? at * 1000 : now() },
      opts,
    }));
    await queue.addBulk(jobs);
  }
  process.exit(0);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: Object.fromEntries(['kind', 'concurrency', 'record', 'port', 'count', 'at'].map((name) => [name, { type: 'string' }])),
});
for (const name of ['concurrency', 'port', 'count', 'at']) {
  if (values[name] !== undefined) values[name] = Number(values[name]);
}
const commands = { prepare: async () => {}, worker, api, enqueue };
const command = commands[positionals[0]];
if (!command || (positionals[0] !== 'prepare' && !kinds[values.kind])) {
  console.error('usage: peer prepare | worker | api | enqueue, see tests/peers/README.md');
  process.exit(2);
}
await command(values);
