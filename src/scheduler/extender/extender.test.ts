import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HttpsExchange, HttpsExchangeRequest } from '#lib/https-exchange.ts'
import type { Log } from '#lib/log.ts'
import { seededRandom } from '#lib/random.ts'
import type { Extender as ExtenderSettings } from '../config/configuration.ts'
import { createDecider } from '../framework/decide.ts'
import { fitError, type Misfit } from '../framework/fit-error.ts'
import { defaultProfile } from '../plugins/default-profile.ts'
import { container, node, type PodWish, pod, worldOf } from '../testing/fixtures.ts'
import { companionsOf } from './companions.ts'
import { createExtender } from './extender.ts'

const silent = { info: () => {} } as unknown as Log

// Two nodes that are alike; what the extender says decides.
check(
  'takes a node away',
  { filterVerb: 'filter', nodeCacheCapable: true },
  { filter: { NodeNames: ['b'], FailedNodes: { a: 'too old' } } },
  'b',
)
check('may answer with whole nodes', { filterVerb: 'filter' }, { filter: { Nodes: { items: [node('b')] } } }, 'b')
check(
  'takes all away, and is told with its words',
  { filterVerb: 'filter', nodeCacheCapable: true },
  { filter: { NodeNames: [], FailedNodes: { a: 'too old', b: 'too old' } } },
  '0/2 nodes are available: 2 too old.',
)
check(
  'ranks',
  { prioritizeVerb: 'rank', weight: 2 },
  {
    rank: [
      { Host: 'a', Score: 1 },
      { Host: 'b', Score: 9 },
    ],
  },
  'b',
)
check('no ranking is none', { prioritizeVerb: 'rank', weight: 2 }, { rank: 500 }, /^[ab]$/)
check('its error is the pod’s', { filterVerb: 'filter', nodeCacheCapable: true }, { filter: { Error: 'no licence' } }, 'no licence')
check(
  'one that does not answer hinders',
  { filterVerb: 'filter' },
  { filter: 500 },
  'failed filter with extender at URL http://there/api/filter, code 500',
)
check('unless it may be ignored', { filterVerb: 'filter', ignorable: true }, { filter: 500 }, /^[ab]$/)
check(
  'a node that nobody named is an error',
  { filterVerb: 'filter', nodeCacheCapable: true },
  { filter: { NodeNames: ['c'] } },
  'extender "http://there/api/" claims a filtered node "c" which is not found in the input node list',
)

test('only pods that ask for its resources are its business', () => {
  const extender = made({ managedResources: [{ name: 'a.b/c' }] }, {})
  const asking = pod('it', { spec: { containers: [container({ resources: { limits: { 'a.b/c': '1' } } })] } })
  assert.deepEqual([extender.isInterested(pod('other', { cpu: '1' })), extender.isInterested(asking)], [false, true])
})

test('it binds by name, and its refusal is an error', async () => {
  const sent: HttpsExchangeRequest[] = []
  await made({ bindVerb: 'bind' }, { bind: {} }, sent).bind(pod('it'), 'a')
  assert.deepEqual(JSON.parse(Buffer.from(sent[0]!.body!).toString()), { PodName: 'it', PodNamespace: 'default', PodUID: 'it', Node: 'a' })
  await assert.rejects(made({ bindVerb: 'bind' }, { bind: { Error: 'no' } }).bind(pod('it'), 'a'), { message: 'no' })
})

test('it leaves candidates for evictions, with fewer victims', async () => {
  const world = worldOf()
  const [it, x, y] = [pod('it'), pod('x'), pod('y')].map(world.podInfo) as [never, never, never]
  const candidates = ['a', 'b'].map((name) => ({ node: name, victims: { pods: [x, y], violations: 1 } }))
  const answer = { NodeNameToMetaVictims: { b: { Pods: [{ UID: 'y' }], NumPDBViolations: 0 } } }
  assert.deepEqual(await made({ preemptVerb: 'preempt' }, { preempt: answer }).preempt(it, candidates), [
    { node: 'b', victims: { pods: [y], violations: 0 } },
  ])
})

test('without an authority HTTPS trusts whoever answers; one that is given is the only one', async () => {
  const sent: HttpsExchangeRequest[] = []
  await made({ bindVerb: 'bind', enableHTTPS: true }, { bind: {} }, sent).bind(pod('it'), 'a')
  await made(
    { bindVerb: 'bind', enableHTTPS: true, tlsConfig: { caData: Buffer.from('PEM').toString('base64') } },
    { bind: {} },
    sent,
  ).bind(pod('it'), 'a')
  assert.deepEqual(
    sent.map(({ insecureSkipTlsVerify, caBundle }) => [insecureSkipTlsVerify, caBundle]),
    [
      [true, undefined],
      [undefined, 'PEM'],
    ],
  )
})

function made(settings: Partial<ExtenderSettings>, answers: Readonly<Record<string, unknown>>, sent: HttpsExchangeRequest[] = []) {
  const exchange: HttpsExchange = async (request) => {
    sent.push(request)
    const answer = answers[request.url.slice(request.url.lastIndexOf('/') + 1)]
    if (typeof answer === 'number') return { status: answer, headers: {}, body: Buffer.alloc(0) }
    return { status: 200, headers: {}, body: Buffer.from(JSON.stringify(answer)) }
  }
  return createExtender({ urlPrefix: 'http://there/api/', ...settings }, { exchange, readFile: () => '' })
}

function check(
  name: string,
  settings: Partial<ExtenderSettings>,
  answers: Readonly<Record<string, unknown>>,
  expected: string | RegExp,
  wish: PodWish = {},
): void {
  test(`an extender ${name}`, async () => {
    const world = worldOf([node('a'), node('b')])
    const it = world.podInfo(pod('it', wish))
    const decider = createDecider(defaultProfile({ random: seededRandom(1) }), world, seededRandom(1))
    const companions = companionsOf(it.pod, [made(settings, answers)], silent)!
    const said = await decider.decideWith(it, companions).then(
      (decision) => decision.node?.name ?? fitError((decision as unknown as { misfit: Misfit }).misfit),
      (error: Error) => error.message,
    )
    if (typeof expected === 'string') assert.equal(said, expected)
    else assert.match(said, expected)
  })
}
