import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { ProbeAnswer } from '../interfaces.ts'
import { runHook } from './hook.ts'

const failure = (output: string, statusCode?: number): ProbeAnswer => ({ result: 'failure', output, ...(statusCode && { statusCode }) })

/** A hook over HTTP: what answers to which URL, and what was asked for in the end. */
function check(name: string, answers: Readonly<Record<string, ProbeAnswer>>, expected: RegExp | readonly string[], scheme = 'HTTPS'): void {
  test(`hooks: ${name}`, async () => {
    const seen: string[] = []
    const network = {
      http: async ({ url, headers }: { url: string; headers: readonly { name: string }[] }) => {
        seen.push([url, ...headers.map((one) => one.name)].join(' '))
        return answers[url.split(':')[0]!]!
      },
    }
    const httpGet = {
      port: 80,
      path: 'x',
      scheme,
      httpHeaders: [
        { name: 'Authorization', value: 's' },
        { name: 'A', value: 'b' },
      ],
    }
    const context = {
      network,
      clock: createVirtualClock(0),
      pod: {} as Pod,
      container: { name: 'c' },
      containerId: 'i',
      podIP: '::1',
      onFallback: (host: string) => seen.push(host),
    }
    const run = runHook({ httpGet } as never, context as never)
    if (expected instanceof RegExp) await assert.rejects(run, expected)
    else {
      await run
      assert.deepEqual(seen, expected)
    }
  })
}
check(
  'an answer of any kind is enough',
  { http: failure('HTTP probe failed with statuscode: 500', 500) },
  ['http://[::1]:80/x Authorization A User-Agent'],
  'HTTP',
)
check('nobody there', { http: failure('connection refused') }, /connection refused/, 'HTTP')
const noTls = failure('Get "https://": write EPROTO … wrong version number')
check('HTTP where HTTPS was said', { https: noTls, http: failure('404', 404) }, [
  'https://[::1]:80/x Authorization A User-Agent',
  'http://[::1]:80/x A User-Agent',
  '[::1]:80',
])
check('neither', { https: noTls, http: failure('refused') }, /EPROTO/)
check('HTTPS that is not there', { https: failure('connection refused'), http: failure('', 200) }, /connection refused/)

test('tells of a hook that sleeps and is called off', async () => {
  const clock = createVirtualClock(0)
  const ending = new AbortController()
  let cut = 0
  const run = runHook({ sleep: { seconds: 60 } }, { clock, onCutShort: () => (cut += 1) } as never, ending.signal)
  const failed = assert.rejects(run, /over/)
  await clock.advance(1_000)
  ending.abort(new Error('it is over'))
  await failed
  assert.equal(cut, 1)
})
