import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WherryError } from '#lib/errors.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { OutboundOptions } from '../../outbound.ts'
import { createReviewWebhook, webhookConnection } from './review-webhook.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const kubeconfig = (cluster: object, user: object = {}) =>
  JSON.stringify({
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u' } }],
    clusters: [{ name: 'k', cluster }],
    users: [{ name: 'u', user }],
  })
const server = 'https://hook.example/x'
const read = (path: string) => `text of ${path}`

test('a connection out of a kubeconfig, with what stands in it and what it points to', () => {
  assert.deepEqual(webhookConnection(kubeconfig({ server }), read), { url: server })
  assert.deepEqual(
    webhookConnection(
      kubeconfig(
        { server, 'certificate-authority-data': base64('CA'), 'tls-server-name': 'n' },
        { 'client-certificate-data': base64('CERT'), 'client-key': '/key', tokenFile: '/token' },
      ),
      read,
    ),
    { url: server, caBundle: 'CA', serverName: 'n', certificate: 'CERT', key: 'text of /key', bearerToken: 'text of /token' },
  )
  for (const [text, reason] of [
    ['{}', /no context/],
    [kubeconfig({}), /names no server/],
    [JSON.stringify({ 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'x' } }] }), /no cluster "x"/],
  ] as const)
    assert.throws(() => webhookConnection(text, read), reason)
})

// What may pass is tried again, five times in all; what will not is told at once.
check([200], 1, undefined)
check([500, 429, 504, 200], 4, undefined)
check([500, 500, 500, 500, 500, 200], 5, /status code 500/)
check([403], 1, /status code 403/)
check(['read: connection reset by peer', 200], 2, undefined)
check(['dial tcp: connect: connection refused'], 1, /connection refused/)

test('it is asked as itself, and an answer that is no review is an error', async () => {
  const { ask, seen } = world([200])
  assert.deepEqual(await ask(), { status: { ok: true } })
  const [options, body] = seen[0]!
  assert.equal(options.bearerToken, 'secret')
  assert.equal(options.timeoutMs, 3000)
  assert.deepEqual(body, { kind: 'Review' })
  await assert.rejects(world([200], '[').ask(), SyntaxError)
  await assert.rejects(world([200], '7').ask(), /no review/)
})

/** `answers`: a status, or the words of a connection that failed. */
function world(answers: readonly (number | string)[], text = '{"status":{"ok":true}}') {
  const clock = createVirtualClock(0)
  const seen: (readonly [OutboundOptions, unknown])[] = []
  const review = createReviewWebhook({
    connection: { url: server, bearerToken: 'secret' },
    clock,
    random: seededRandom(1),
    timeoutMs: 3000,
    outbound: async (_target, options, request) => {
      const answer = answers[seen.length]!
      seen.push([options, JSON.parse(Buffer.from(request.body!).toString())])
      if (typeof answer === 'string') throw new WherryError('ServiceUnavailable', answer)
      return { status: answer, headers: {}, body: Buffer.from(text) }
    },
  })
  return { clock, seen, ask: () => review({ kind: 'Review' }) }
}

function check(answers: readonly (number | string)[], tries: number, reason: RegExp | undefined): void {
  test(`${answers.join(', ')}`, async () => {
    const { ask, clock, seen } = world(answers)
    const asking = ask()
    asking.catch(() => {})
    await clock.runUntilIdle()
    if (reason === undefined) assert.deepEqual(await asking, { status: { ok: true } })
    else await assert.rejects(asking, reason)
    assert.equal(seen.length, tries)
  })
}
