import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWorld } from '../world.ts'
import { placement } from './placement.ts'
import { scheduling } from './scheduling.ts'
import { type Commit, check } from './testing.ts'

const nodes = '/registry/core/nodes/'
const pods = '/registry/core/pods/default/'

const node = (name: string, spec: object = {}, labels: object = {}): Commit => [
  'user',
  {
    [`${nodes}${name}`]: {
      metadata: { name, uid: name, labels: { 'kubernetes.io/hostname': name, ...labels } },
      spec,
      status: { allocatable: { cpu: '1', memory: '1Gi', pods: '10' } },
    },
  },
]

interface Wish {
  readonly on?: string
  readonly port?: number
  readonly priority?: number
  readonly leaving?: boolean
  readonly phase?: string
  readonly spec?: object
  readonly status?: object
}

const pod = (
  name: string,
  { on, port, priority = 0, leaving = false, phase = 'Pending', spec = {}, status = {} }: Wish = {},
): Commit[1] => ({
  [`${pods}${name}`]: {
    metadata: { name, namespace: 'default', uid: name, labels: { app: 'web' }, ...(leaving && { deletionTimestamp: 'now' }) },
    spec: {
      schedulerName: 'default-scheduler',
      priority,
      ...(on && { nodeName: on }),
      containers: [
        { name: 'main', resources: { requests: { cpu: '600m' } }, ...(port && { ports: [{ containerPort: port, hostPort: port }] }) },
      ],
      ...spec,
    },
    status: { phase, ...status },
  },
})

const user = (objects: Commit[1], at = 0): Commit => ['user', objects, at]
const binds = (objects: Commit[1], at = 60): Commit => ['default-scheduler@server-1', objects, at]
const alike = { labelSelector: { matchLabels: { app: 'web' } }, topologyKey: 'kubernetes.io/hostname' }
const spread = { topologySpreadConstraints: [{ maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', ...alike }] }
const apart = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [alike] } } }
const tainted = { taints: [{ key: 'k', effect: 'NoSchedule' }] }

check(
  'a port of one node, once',
  placement,
  [node('a'), node('b'), binds(pod('p', { on: 'a', port: 80 })), binds(pod('q', { on: 'b', port: 80 }))],
  [],
)
check(
  'a port of one node, twice',
  placement,
  [node('a'), binds(pod('p', { on: 'a', port: 80 })), binds(pod('q', { on: 'a', port: 80 }))],
  [/q was bound to a, where default\/p has the port 80/],
)
check(
  'a port of a pod that has ended is free',
  placement,
  [node('a'), binds(pod('p', { on: 'a', port: 80, phase: 'Failed' })), binds(pod('q', { on: 'a', port: 80 }))],
  [],
)
check('a taint', placement, [node('a', tainted), binds(pod('p', { on: 'a' }))], [/whose taint k it does not tolerate/])
check('a taint of a moment ago', placement, [node('a', tainted), binds(pod('p', { on: 'a' }), 1)], [])
check(
  'another node than wished',
  placement,
  [node('a'), binds(pod('p', { on: 'a', spec: { nodeSelector: { x: 'y' } } }))],
  [/affinity excludes/],
)
check('a gate', placement, [node('a'), binds(pod('p', { on: 'a', spec: { schedulingGates: [{ name: 'x' }] } }))], [/has gates/])
check('apart', placement, [node('a'), node('b'), binds(pod('p', { on: 'a', spec: apart })), binds(pod('q', { on: 'b', spec: apart }))], [])
check(
  'beside one that shuns it',
  placement,
  [node('a'), binds(pod('p', { on: 'a', spec: apart })), binds(pod('q', { on: 'a' }))],
  [/q was bound to a, beside default\/p/],
)
check(
  'uneven',
  placement,
  [node('a'), node('b'), binds(pod('p', { on: 'a', spec: spread })), binds(pod('q', { on: 'a', spec: spread }))],
  [/2 alike and elsewhere 0, at most 1/],
)
check(
  'uneven since one just went',
  placement,
  [
    node('a'),
    node('b'),
    binds(pod('p', { on: 'a', spec: spread })),
    binds(pod('r', { on: 'b', spec: spread })),
    user({ [`${pods}r`]: undefined }, 60),
    binds(pod('q', { on: 'a', spec: spread })),
  ],
  [],
)

const waits = user(pod('high', { priority: 9, status: { nominatedNodeName: 'a' } }))
const there = binds(pod('low', { on: 'a' }), 0)
const evicts = ['default-scheduler@server-1', pod('low', { on: 'a', leaving: true }), 60, '', 'DELETE'] as const
const bound = user(pod('high', { priority: 9, on: 'a' }), 61)
check('evicted for who is more important', scheduling, [node('a'), there, waits, evicts, bound], [])
check('evicted for nobody', scheduling, [node('a'), there, evicts], [/low was evicted, and nobody more important waits/])
check(
  'evicted for an equal',
  scheduling,
  [node('a'), there, user(pod('same', { status: { nominatedNodeName: 'a' } })), evicts, user({ [`${pods}same`]: undefined }, 61)],
  [/nobody more important/],
)
check(
  'evicted though there was room elsewhere',
  scheduling,
  [node('a'), node('b'), there, waits, evicts, bound],
  [/low was evicted for default\/high, which fits on b/],
)
check('who does not fit may wait', scheduling, [node('a'), there, user(pod('same'))], [])

test('who fits may not wait for minutes', () => {
  const world = createWorld()
  const { atRest } = scheduling({ world, nodes: 1, staleMs: 1_000, podsAreDisturbed: false })
  for (const objects of [node('a')[1], pod('p')])
    for (const [key, value] of Object.entries(objects))
      world.apply([{ do: 'put', key, value: new TextEncoder().encode(JSON.stringify(value)) }], world.revision + 1)
  assert.deepEqual([atRest!(0), atRest!(60_000)], [[], []])
  assert.match(atRest!(130_000).join(), /p fits on a, and waits since 130 s/)
})
