import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { type AnyKind, apiVersionOf, type KubeObject } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { WherryError } from '#lib/errors.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import type { Measure, Single } from '#loop/controller.ts'
import { inOrder } from '#loop/in-order.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { namespace } from '../testing/objects.ts'
import { show, World } from '../testing/world.ts'
import { type AutoscalerConfig, autoscalerDefaults } from './config.ts'
import { horizontalPodAutoscalerController } from './controller.ts'
import { type MetricsReader, noMetrics, type PodUsage } from './metrics-reader.ts'

const key = `${namespace}/web`

interface Case {
  readonly replicas?: number
  readonly min?: number
  readonly max?: number
  readonly metrics?: readonly object[]
  readonly behavior?: object
  /** Thousandths of a processor that each pod uses, of `request` (1000); null: nothing is said of it. */
  readonly cpu?: readonly (number | null)[]
  readonly request?: number | null
  /** Of the pods, in order: `ready` (long since), `unready` (never was ready), `fresh` (began just now, ready), `pending`, `failed`, `leaving`. */
  readonly pods?: readonly string[]
  readonly reader?: Partial<MetricsReader>
  readonly config?: Partial<AutoscalerConfig>
  readonly status?: object
  readonly target?: object
  readonly others?: (world: World) => void
}

interface Expected {
  readonly to?: number
  readonly conditions?: Readonly<Record<string, string>>
  readonly events?: readonly string[]
  readonly current?: readonly object[]
}

const cpu = (averageUtilization: number) => ({
  type: 'Resource',
  resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization } },
})
const steady = 'False DesiredWithinRange'

/** One look: to how many replicas the target is scaled (undefined: not at all), and what is said. */
function check(what: string, given: Case, expected: Expected): void {
  test(what, async () => {
    const { world, look, history } = sceneOf(given)
    await look()
    const scaled = history.find((line) => line.startsWith('scale '))
    assert.equal(scaled === undefined ? undefined : Number(scaled.slice('scale '.length)), expected.to)
    const { status } = world.get(HorizontalPodAutoscaler, 'web', namespace)!
    const conditions = Object.fromEntries((status.conditions ?? []).map((one) => [one.type, `${one.status} ${one.reason}`]))
    for (const [type, text] of Object.entries(expected.conditions ?? {})) assert.equal(conditions[type], text, type)
    if (expected.events !== undefined)
      assert.deepEqual(
        world.events.map(({ reason, message }) => `${reason} ${message}`),
        expected.events,
      )
    if (expected.current !== undefined) assert.deepEqual(status.currentMetrics ?? [], expected.current)
    // A second look at once asks nothing and does nothing.
    const before = history.length
    await look()
    assert.equal(history.length, before)
  })
}

function sceneOf(given: Case) {
  const { replicas = 3, min = 2, max = 6, behavior } = given
  const world = new World()
  const now = world.now
  const labels = { app: 'web' }
  world.put(Deployment, {
    metadata: { name: 'web', namespace },
    spec: { replicas, selector: { matchLabels: labels }, template: {}, strategy: {} },
    status: { replicas },
  })
  world.put(HorizontalPodAutoscaler, {
    metadata: { name: 'web', namespace },
    spec: {
      scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1', ...given.target },
      minReplicas: min,
      maxReplicas: max,
      metrics: given.metrics ?? [cpu(30)],
      ...(behavior === undefined ? {} : { behavior }),
    },
    status: { desiredReplicas: 0, currentMetrics: [], ...given.status },
  })
  const standing = given.pods ?? Array.from({ length: replicas }, () => 'ready')
  standing.forEach((kind, i) => {
    const startedAt = kind === 'fresh' ? now - 60_000 : now - 3_600_000
    const isReady = kind !== 'unready' && kind !== 'pending'
    const changedAt = kind === 'fresh' ? now - 10_000 : startedAt
    const { request = 1000 } = given
    world.put(Pod, {
      metadata: { name: `web-${i}`, namespace, labels, ...(kind === 'leaving' && { deletionTimestamp: rfc3339(now) }) },
      spec: { containers: [{ name: 'main', resources: request === null ? {} : { requests: { cpu: `${request}m`, memory: '1Ki' } } }] },
      status: {
        phase: kind === 'pending' ? 'Pending' : kind === 'failed' ? 'Failed' : 'Running',
        startTime: rfc3339(startedAt),
        conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False', lastTransitionTime: rfc3339(changedAt) }],
      },
    })
  })
  given.others?.(world)
  const usage: PodUsage[] = (given.cpu ?? []).flatMap((milli, i) =>
    milli === null
      ? []
      : [{ pod: `web-${i}`, at: now, windowMs: 60_000, containers: [{ name: 'main', usage: { cpu: `${milli}m`, memory: `${milli}` } }] }],
  )
  const asked: string[] = []
  const podUsage = async (_: string, selector: string) => {
    asked.push(selector)
    return usage
  }
  const reader: MetricsReader = { ...noMetrics, podUsage, ...given.reader }
  const config = { ...autoscalerDefaults, ...given.config }
  const controller = horizontalPodAutoscalerController(createServedKinds(kinds), reader, config)
  const history: string[] = []
  const counted: Measure[] = []
  /** Each look at the clock is 4 ms later. */
  let elapsed = 0
  const elapsedMs = () => (elapsed += 4)

  /** One pass, as the loop does it. The API server shows a scale; the world knows the object that it is of. */
  async function look(): Promise<number> {
    const gathered = await controller.gather!(key, world, world.now, elapsedMs)
    const view = controller.view(key, world, world.now, gathered)
    if (view === undefined) return Infinity
    const plan = controller.plan(view)
    let isDone = true
    for (const command of inOrder(plan.commands)) {
      const answer = perform(command)
      if (answer === 'conflict') return world.now
      if (answer instanceof WherryError) isDone = false
      if (answer !== undefined) for (const further of inOrder(controller.answered!(view, command, answer))) perform(further)
    }
    counted.push(...controller.measured!(view, plan, { isDone, became: () => undefined, seconds: 0.5 }))
    return plan.wakeAt
  }

  function perform(command: Single): KubeObject | WherryError | 'conflict' | undefined {
    const refusal = world.refuse(command)
    if (refusal !== undefined) return refusal
    if (command.do !== 'update' || command.subresource !== 'scale') {
      history.push(show(command))
      return world.do(command)
    }
    const { name, resourceVersion } = command.object.metadata
    if (resourceVersion !== world.get(command.kind, name, namespace)!.metadata.resourceVersion) return 'conflict'
    const { replicas: to } = (command.object as unknown as { spec: { replicas: number } }).spec
    history.push(`scale ${to}`)
    return world.change(command.kind, name, namespace, { spec: { replicas: to }, status: { replicas: to } })
  }

  return { world, look, history, asked, counted }
}

const current = (averageUtilization: number, averageValue: string) => [
  { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization, averageValue } } },
]

// By use of resources.
check(
  'scales up by use of the processor',
  { cpu: [300, 500, 700] },
  {
    to: 5,
    conditions: { AbleToScale: 'True SucceededRescale', ScalingActive: 'True ValidMetricFound', ScalingLimited: steady },
    events: ['SuccessfulRescale New size: 5; reason: cpu resource utilization (percentage of request) above target'],
    current: current(50, '500m'),
  },
)
check(
  'stays within the tolerance',
  { cpu: [300, 310, 320] },
  { conditions: { AbleToScale: 'True ReadyForNewScale', ScalingLimited: steady } },
)
check('a tolerance of its own is what counts', { cpu: [300, 310, 320], behavior: { scaleUp: { tolerance: '10m' } } }, { to: 4 })
check('that of the other direction is not', { cpu: [300, 310, 320], behavior: { scaleDown: { tolerance: '10m' } } }, {})
check(
  'waits before it scales down',
  { replicas: 5, cpu: [100, 100, 100, 100, 100] },
  {
    conditions: { AbleToScale: 'True ScaleDownStabilized', ScalingLimited: steady },
  },
)
check(
  'scales down at once where the rules say so',
  { replicas: 5, cpu: [100, 100, 100, 100, 100], behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } },
  {
    to: 2,
    events: ['SuccessfulRescale New size: 2; reason: All metrics below target'],
  },
)
check('not above the maximum', { cpu: [900, 900, 900], max: 4 }, { to: 4, conditions: { ScalingLimited: 'True TooManyReplicas' } })
check(
  'not faster than twofold',
  { cpu: [900, 900, 900], max: 100, metrics: [cpu(10)] },
  { to: 6, conditions: { ScalingLimited: 'True ScaleUpLimit' } },
)
check(
  'above the maximum: down to it, whatever the metrics say',
  { replicas: 8 },
  {
    to: 6,
    events: ['SuccessfulRescale New size: 6; reason: Current number of replicas above Spec.MaxReplicas'],
    current: [],
  },
)
check(
  'below the minimum: up to it',
  { replicas: 1 },
  {
    to: 2,
    events: ['SuccessfulRescale New size: 2; reason: Current number of replicas below Spec.MinReplicas'],
  },
)
check(
  'none at all: who set that means it',
  { replicas: 0 },
  { conditions: { ScalingActive: 'False ScalingDisabled', AbleToScale: 'True SucceededGetScale' } },
)
check(
  'an average of bytes is shown in binary units',
  {
    cpu: [4096, 2048, 3072],
    metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '2Ki' } } }],
  },
  { to: 5, current: [{ type: 'Resource', resource: { name: 'memory', current: { averageValue: '3Ki' } } }] },
)
check(
  'one container of each pod',
  {
    cpu: [300, 500, 700],
    metrics: [
      {
        type: 'ContainerResource',
        containerResource: { name: 'cpu', container: 'main', target: { type: 'Utilization', averageUtilization: 30 } },
      },
    ],
  },
  { to: 5, events: ['SuccessfulRescale New size: 5; reason: cpu container resource utilization (percentage of request) above target'] },
)

// What is not known is taken for the worse.
check('a pod without a sample uses nothing when there might be more', { cpu: [600, 600, null] }, { to: 4 })
check(
  'and keeps pods when there might be fewer',
  { replicas: 4, cpu: [100, 100, 100, null], behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } },
  {},
)
check('a pod that was never ready uses nothing when there might be more', { cpu: [500, 500, 500], pods: ['ready', 'ready', 'unready'] }, {})
check(
  'and does not count when there might be fewer',
  {
    replicas: 4,
    cpu: [100, 100, 100, 900],
    pods: ['ready', 'ready', 'ready', 'unready'],
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
    min: 1,
  },
  { to: 1 },
)
check('nor does the use of one that is starting', { cpu: [300, 300, 900], pods: ['ready', 'ready', 'fresh'] }, {})
check(
  'memory does not tell of a start',
  {
    cpu: [1024, 1024, 4096],
    pods: ['ready', 'ready', 'fresh'],
    metrics: [{ type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Ki' } } }],
  },
  { to: 6 },
)
check('pods that end do not count', { cpu: [300, 300, 900, 900], replicas: 2, pods: ['ready', 'ready', 'failed', 'leaving'] }, {})
check('pending pods use nothing when there might be more', { replicas: 3, cpu: [800], pods: ['ready', 'pending', 'pending'] }, {})

// What cannot be decided.
const failed = (inner: string, detail = 'failed to get cpu utilization') => [
  `FailedGetResourceMetric ${detail}: ${inner}`,
  `FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: ${detail}: ${inner}`,
]
check(
  'no metrics',
  { cpu: [] },
  {
    conditions: { ScalingActive: 'False FailedGetResourceMetric', AbleToScale: 'True SucceededGetScale' },
    events: failed('unable to get metrics for resource cpu: no metrics returned from resource metrics API'),
    current: [{ type: '' }],
  },
)
check(
  'no one to ask',
  { reader: { podUsage: noMetrics.podUsage } },
  {
    events: failed(
      'unable to get metrics for resource cpu: unable to fetch metrics from resource metrics API: the server is currently unable to handle the request',
    ),
  },
)
check(
  'a pod that asks for nothing',
  { cpu: [1, 1, 1], request: null },
  { events: failed('missing request for cpu in container main of Pod web-0') },
)
check(
  'only pods that are not ready',
  { cpu: [1, 1, 1], pods: ['unready', 'unready', 'unready'] },
  {
    events: failed('did not receive metrics for targeted pods (pods might be unready)'),
  },
)
check(
  'no such target',
  { target: { name: 'gone' } },
  {
    conditions: { AbleToScale: 'False FailedGetScale' },
    events: ['FailedGetScale deployments.apps "gone" not found'],
  },
)
check('a target of no kind', { target: { kind: 'Nothing' } }, { events: ['FailedGetScale no matches for kind "Nothing" in group "apps"'] })
check(
  'a target that cannot be scaled',
  { target: { kind: 'Service', apiVersion: 'v1' } },
  {
    events: ['FailedGetScale the server could not find the requested resource'],
  },
)
check(
  'pods that another autoscaler has, too',
  {
    cpu: [900, 900, 900],
    others: (world) => {
      world.put(HorizontalPodAutoscaler, {
        metadata: { name: 'another', namespace },
        spec: { scaleTargetRef: { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }, maxReplicas: 3 },
        status: { desiredReplicas: 0, currentMetrics: [] },
      })
    },
  },
  {
    conditions: { ScalingActive: 'False AmbiguousSelector' },
    events: [
      'AmbiguousSelector pods by selector app=web are controlled by multiple HPAs: [{another shop} {web shop}]',
      'FailedComputeMetricsReplicas pods by selector app=web are controlled by multiple HPAs: [{another shop} {web shop}]',
    ],
  },
)

// By other metrics.
const requests = (target: object) => ({
  type: 'Object',
  object: { describedObject: { kind: 'Service', name: 'web', apiVersion: 'v1' }, metric: { name: 'qps' }, target },
})
const queue = (target: object) => ({
  type: 'External',
  external: { metric: { name: 'queue', selector: { matchLabels: { name: 'a' } } }, target },
})
const each = { type: 'Pods', pods: { metric: { name: 'hits' }, target: { type: 'AverageValue', averageValue: '10' } } }
const hits = (...values: readonly number[]): Partial<MetricsReader> => ({
  podsMetric: async () => new Map(values.map((value, i) => [`web-${i}`, { at: 0, windowMs: 0, milli: BigInt(value * 1000) }])),
})
check(
  'a metric of pods',
  { metrics: [each], reader: hits(20, 10, 30) },
  {
    to: 6,
    events: ['SuccessfulRescale New size: 6; reason: pods metric hits above target'],
    current: [{ type: 'Pods', pods: { metric: { name: 'hits' }, current: { averageValue: '20' } } }],
  },
)
check(
  'a metric of an object, as a whole',
  { metrics: [requests({ type: 'Value', value: '20' })], reader: { objectMetric: async () => 33_000n } },
  {
    to: 5,
    events: ['SuccessfulRescale New size: 5; reason: Service metric qps above target'],
  },
)
check(
  'a metric of an object, for each pod',
  { metrics: [requests({ type: 'AverageValue', averageValue: '10' })], reader: { objectMetric: async () => 41_000n } },
  {
    to: 5,
    events: ['SuccessfulRescale New size: 5; reason: external metric qps(nil) above target'],
    current: [
      {
        type: 'Object',
        object: {
          describedObject: { kind: 'Service', name: 'web', apiVersion: 'v1' },
          metric: { name: 'qps' },
          current: { averageValue: '13667m' },
        },
      },
    ],
  },
)
check(
  'a metric of nobody, as a whole',
  { metrics: [queue({ type: 'Value', value: '20' })], reader: { externalMetric: async () => [10_000n, 23_000n] } },
  {
    to: 5,
    events: [
      'SuccessfulRescale New size: 5; reason: external metric queue(&LabelSelector{MatchLabels:map[string]string{name: a,},MatchExpressions:[]LabelSelectorRequirement{},}) above target',
    ],
  },
)
check(
  'a metric of nobody, for each pod',
  { metrics: [queue({ type: 'AverageValue', averageValue: '10' })], reader: { externalMetric: async () => [50_500n] } },
  { to: 6 },
)
check(
  'the metric that asks for most wins',
  { metrics: [cpu(30), each], cpu: [300, 300, 300], reader: hits(20, 20, 20) },
  {
    to: 6,
    events: ['SuccessfulRescale New size: 6; reason: pods metric hits above target'],
  },
)
check(
  'a metric that says nothing does not keep others from asking for more',
  { metrics: [cpu(30), each], cpu: [], reader: hits(20, 20, 20) },
  {
    to: 6,
    conditions: { ScalingActive: 'True ValidMetricFound' },
    current: [{ type: '' }, { type: 'Pods', pods: { metric: { name: 'hits' }, current: { averageValue: '20' } } }],
  },
)
check(
  'but from asking for fewer',
  { metrics: [cpu(30), each], cpu: [], reader: hits(1, 1, 1), behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } },
  {
    conditions: { ScalingActive: 'False FailedGetResourceMetric' },
  },
)
check(
  'an object of a kind that there is not',
  {
    metrics: [
      {
        type: 'Object',
        object: { ...requests({ type: 'Value', value: '1' }).object, describedObject: { kind: 'X', name: 'x', apiVersion: 'g/v1' } },
      },
    ],
  },
  {
    events: [
      'FailedGetObjectMetric unable to get metric qps: unable to fetch metrics from custom metrics API: unable to map kind X.g to resource: no matches for kind "X" in group "g" on X shop/x',
      'FailedComputeMetricsReplicas invalid metrics (1 invalid out of 1), first error is: failed to get object metric value: unable to get metric qps: unable to fetch metrics from custom metrics API: unable to map kind X.g to resource: no matches for kind "X" in group "g" on X shop/x',
    ],
  },
)

// From and to none, where that is on.
const zero = { config: { scaleToZero: true }, min: 0 }
check(
  'to none',
  {
    ...zero,
    metrics: [queue({ type: 'Value', value: '20' })],
    reader: { externalMetric: async () => [0n] },
    behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
  },
  {
    to: 0,
    conditions: { ScaledToZero: 'True ScaledToZero' },
  },
)
check(
  'from none, where it came there by itself',
  {
    ...zero,
    replicas: 0,
    metrics: [queue({ type: 'Value', value: '20' })],
    reader: { externalMetric: async () => [30_000n] },
    status: { conditions: [{ type: 'ScaledToZero', status: 'True', lastTransitionTime: null }] },
  },
  { to: 2, conditions: { ScaledToZero: 'False NotScaledToZero' } },
)
check(
  'not from none that somebody set',
  { ...zero, replicas: 0, metrics: [queue({ type: 'Value', value: '20' })] },
  {
    conditions: { ScalingActive: 'False ScalingDisabled' },
  },
)

test('a target that cannot be written is told of, and tried again in time', async () => {
  const { world, look, history } = sceneOf({ cpu: [300, 500, 700] })
  world.refuse = (command) => (command.do === 'update' && command.subresource === 'scale' ? new WherryError('Forbidden', 'no') : undefined)
  await look()
  assert.deepEqual(world.events.map(show), [
    'event Warning FailedRescale New size: 5; reason: cpu resource utilization (percentage of request) above target; error: no',
  ])
  const { status } = world.get(HorizontalPodAutoscaler, 'web', namespace)!
  assert.equal(
    status.conditions!.find(({ type }) => type === 'AbleToScale')!.message,
    'the HPA controller was unable to update the target scale: no',
  )
  world.refuse = () => undefined
  world.now += 15_000
  await look()
  assert.ok(history.includes('scale 5'))
})

test('a status that cannot be written is told of', async () => {
  const { world, look } = sceneOf({ cpu: [300, 300, 300] })
  world.refuse = (command) => (command.do === 'update' && command.subresource === 'status' ? new WherryError('Forbidden', 'no') : undefined)
  await look()
  assert.deepEqual(world.events.map(show), ['event Warning FailedUpdateStatus no'])
})

test('a target that changed while metrics were read is looked at again at once', async () => {
  let isFirst = true
  const scene = sceneOf({
    metrics: [each],
    reader: {
      podsMetric: async () => {
        if (isFirst) scene.world.change(Deployment, 'web', namespace, { spec: { replicas: 4 }, status: { replicas: 4 } })
        isFirst = false
        return new Map([0, 1, 2].map((i) => [`web-${i}`, { at: 0, windowMs: 0, milli: 30_000n }]))
      },
    },
  })
  assert.equal(await scene.look(), scene.world.now)
  assert.deepEqual(scene.history, [])
  assert.equal(await scene.look(), scene.world.now + 15_000)
  assert.equal(scene.history[0], 'scale 6')
})

test('asks every 15 seconds, at once after a change of its spec, and never when it is gone', async () => {
  const { world, look, asked } = sceneOf({ cpu: [300, 300, 300] })
  assert.equal(await look(), world.now + 15_000)
  await look()
  assert.deepEqual(asked, ['app=web'])
  world.now += 14_999
  assert.equal(await look(), world.now + 1)
  assert.equal(asked.length, 1)
  world.now += 1
  await look()
  assert.equal(asked.length, 2)
  world.change(HorizontalPodAutoscaler, 'web', namespace, { spec: { maxReplicas: 9 } })
  await look()
  assert.equal(asked.length, 3)
  world.remove(HorizontalPodAutoscaler as AnyKind, world.get(HorizontalPodAutoscaler, 'web', namespace)!)
  assert.equal(await look(), Infinity)
  assert.equal(asked.length, 3)
})

test('asks every 15 seconds also by a clock that was set back', async () => {
  const { world, look, asked } = sceneOf({ cpu: [300, 300, 300] })
  await look()
  world.now -= 3_600_000
  assert.equal(await look(), world.now + 15_000)
  assert.equal(asked.length, 2)
})

test('scales down when all advice of five minutes has been lower', async () => {
  const { world, look, history } = sceneOf({ replicas: 5, cpu: [100, 100, 100, 100, 100] })
  const start = world.now
  while (!history.some((line) => line.startsWith('scale'))) {
    world.now = await look()
    assert.ok(world.now - start < 400_000)
  }
  assert.equal(world.now - 15_000 - start, 315_000)
  assert.deepEqual(
    history.filter((line) => line.startsWith('scale')),
    ['scale 2'],
  )
})

test('any kind with a scale is a target, and its selector chooses the pods', async () => {
  for (const kind of kinds.filter(({ subresources }) => subresources?.['scale']?.sort === 'view')) {
    const { world, look, history } = sceneOf({
      cpu: [300, 500, 700],
      target: { kind: kind.kind, apiVersion: apiVersionOf(kind), name: 'other' },
    })
    const selector = kind.kind === 'ReplicationController' ? { app: 'web' } : { matchLabels: { app: 'web' } }
    world.put(kind, { metadata: { name: 'other', namespace }, spec: { replicas: 3, selector }, status: { replicas: 3 } })
    await look()
    assert.ok(history.includes('scale 5'), kind.kind)
  }
  assert.equal(Service.subresources?.['scale'], undefined)
})

// What is counted: of a look, then of each metric.
const look = 'horizontal_pod_autoscaler_controller_reconciliation'
const metric = 'horizontal_pod_autoscaler_controller_metric_computation'
counts('a step up', { cpu: [300, 500, 700], status: { currentReplicas: 3 } }, ['scale_up none 0.5', 'scale_up none Resource 0.004'])
counts('no step', { cpu: [300, 300, 300], status: { currentReplicas: 3 } }, ['none none 0.5', 'none none Resource 0.004'])
counts('metrics against the number that is told', { cpu: [300, 300, 300] }, ['none none 0.5', 'scale_up none Resource 0.004'])
counts('a step down to what is allowed', { replicas: 8, status: { currentReplicas: 8 } }, ['scale_down none 0.5'])
counts('one metric of two, each for itself', { metrics: [cpu(30), each], cpu: [900, 900, 900], status: { currentReplicas: 3 } }, [
  'scale_up internal 0.5',
  'scale_up none Resource 0.004',
  'none internal Pods 0.008',
])
counts('nothing that is said', { cpu: [] }, ['none internal 0.5', 'none internal Resource 0.004'])
counts('a metric of no type', { metrics: [{ type: 'Guess' }] }, ['none internal 0.5', 'none spec Guess 0.004'])
counts('a target that is not there', { target: { name: 'gone' } }, ['none internal 0.5'])
counts('a target that nobody can read', { target: { apiVersion: 'a/b/c' } }, ['none spec 0.5'])
counts('a scale that is refused', { replicas: 8, refuses: true }, ['none internal 0.5'])

/** Of one look: `action error seconds`, then of its metrics `action error type seconds`. A second one at once counts nothing. */
function counts(what: string, given: Case & { readonly refuses?: true }, expected: readonly string[]): void {
  test(`counts ${what}`, async () => {
    const { world, look: pass, counted } = sceneOf(given)
    if (given.refuses)
      world.refuse = (command) =>
        'subresource' in command && command.subresource === 'scale' ? new WherryError('Forbidden', 'no') : undefined
    await pass()
    await pass()
    const isOf = (prefix: string, end: string) => counted.filter((one) => one.metric === `${prefix}${end}`)
    const timed = [...isOf(look, '_duration_seconds'), ...isOf(metric, '_duration_seconds')]
    assert.deepEqual(
      timed.map(({ labels = [], value }) => [...labels, value].join(' ')),
      expected,
    )
    const totals = [...isOf(look, 's_total'), ...isOf(metric, '_total')]
    assert.deepEqual(
      totals.map(({ labels, value }) => [labels, value]),
      timed.map(({ labels }) => [labels, undefined]),
    )
  })
}
