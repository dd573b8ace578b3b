import { type Random, seededRandom } from '#lib/random.ts'
import { controllerNames } from './controller-names.ts'
import type { ConnectionFault } from './faults.ts'
import { badImages, goodImages } from './images.ts'
import type { MachineFault } from './machine-faults.ts'
import type { FeatureSettings } from './server.ts'
import type { Action, Step, Subject, Wish } from './steps.ts'
import { hardToPlace, type WorkloadSort, workloadSorts } from './workloads.ts'

/** One simulated life of a cluster, as data: a seed makes it whole, and a failure is made smaller by leaving parts of it out. */
export interface Plan {
  readonly seed: number
  readonly nodes: number
  readonly cpuCount: number
  readonly latencyMs: number
  /** Time goes on while code runs, and deadlines may be a millisecond early. Absent: it stands still until the next one. */
  readonly isRestless?: boolean
  readonly steps: readonly Step[]
  readonly connectionFaults: readonly ConnectionFault[]
  readonly machineFaults: readonly MachineFault[]
  /** Events are taken and not kept. Absent: they are. */
  readonly forgetsEvents?: boolean
  /** What is on that is off by default. */
  readonly features?: FeatureSettings | undefined
  /** When all faults are over. */
  readonly endMs: number
}

/** How much happens. Short lives are lived several times as fast, and most of what goes wrong does so in them. */
export type PlanSize = 'short' | 'full'

const sizes = {
  short: { nodes: 2, leastMs: 6_000, moreMs: 16_000, deployments: 1, actions: 3, changes: 2, connectionFaults: 3, machineFaults: 2 },
  full: { nodes: 4, leastMs: 20_000, moreMs: 80_000, deployments: 3, actions: 8, changes: 8, connectionFaults: 6, machineFaults: 4 },
} as const

/** Each part has its own stream, so that one more fault moves no step. A third of the seeds has no faults: there the strictest bounds hold. */
export function planOf(seed: number, size: PlanSize = 'full'): Plan {
  const most = sizes[size]
  const random = seededRandom(seed).fork('plan')
  const shape = random.fork('shape')
  const nodes = 1 + shape.below(most.nodes)
  const faultiness = shape.next()
  const latencyMs = shape.below(3) * 50
  const sorts = sortsOf(random.fork('sorts'))
  const endMs = Math.max(most.leastMs + shape.below(most.moreMs), ...sorts.map(({ leastMs }) => leastMs?.[size] ?? 0))
  const isHard = random.fork('placement').next() < 0.15
  const isCrowded = !isHard && sorts.length === 0 && shape.next() < 0.2
  const steps = stepsOf(random.fork('steps'), { size, nodes, endMs, isCrowded, sorts: isHard ? [...sorts, hardToPlace] : sorts })
  const connection = random.fork('connection faults')
  const machine = random.fork('machine faults')
  const count = (of: Random, most: number): number => (faultiness < 1 / 3 ? 0 : of.below(most + 1))
  const rivalry = faultiness > 0.85 ? rivalryOf(random.fork('rivalry'), endMs) : undefined
  return {
    seed,
    nodes,
    ...(size === 'short' && { forgetsEvents: true }),
    cpuCount: isCrowded ? 2 : 8,
    latencyMs,
    ...(random.fork('clock').next() < 1 / 3 && { isRestless: true }),
    steps,
    connectionFaults: [
      ...Array.from({ length: count(connection, most.connectionFaults) }, (_, index) =>
        connectionFault(connection.fork(`${index}`), nodes, endMs),
      ),
      ...(rivalry?.connectionFaults ?? []),
    ],
    machineFaults: [
      ...Array.from({ length: count(machine, most.machineFaults) }, (_, index) => machineFault(machine.fork(`${index}`), nodes, endMs)),
      ...(rivalry?.machineFaults ?? []),
    ],
    endMs,
  }
}

/** How long ago something may have been wished that is still acted on: without faults a moment, with them a broken watch and its back-off. */
export const staleMsOf = ({ connectionFaults, machineFaults }: Plan): number =>
  connectionFaults.length > 0 || machineFaults.some(({ kind }) => ofServers.has(kind)) ? 60_000 : 1_000

const ofServers: ReadonlySet<MachineFault['kind']> = new Set(['server crash', 'second server', 'server pause'])

/** Whether anything but the controllers ends pods, or takes their readiness. */
export function podsAreDisturbed({ machineFaults, steps }: Plan): boolean {
  const disturbing = new Set<Action['do']>([
    'delete pods',
    'release pod',
    'taint',
    'delete node',
    'delete sets',
    'delete namespace',
    'remove',
    'evict',
    'drain',
  ])
  const evicts = (step: Step): boolean => step.do === 'make' && step.of.kind === 'PriorityClass'
  const endsByItself = (step: Step): boolean => step.do === 'roll' && step.image === 'broken:1'
  return machineFaults.length > 0 || steps.some((step) => disturbing.has(step.do) || endsByItself(step) || evicts(step))
}

// --- steps -----------------------------------------------------------------------------------------------------------------------------

/** What beside Deployments is asked for: in every other plan nothing, else one or two sorts, and then less of Deployments. */
function sortsOf(random: Random): readonly WorkloadSort[] {
  const present = workloadSorts.filter(({ controllers }) => controllers.every((name) => controllerNames.has(name)))
  if (random.next() < 0.4) return []
  const first = present[random.below(present.length)]!
  const second = present[random.below(present.length)]!
  return first === second || random.next() < 0.6 ? [first] : [first, second]
}

interface StepsShape {
  readonly size: PlanSize
  readonly nodes: number
  readonly endMs: number
  /** For a while more is wished than there is room for. */
  readonly isCrowded: boolean
  readonly sorts: readonly WorkloadSort[]
}

function stepsOf(random: Random, { size, nodes, endMs, isCrowded, sorts }: StepsShape): Step[] {
  const most = sizes[size]
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  const namespaces = random.next() < 0.4 ? ['default', 'shop'] : ['default']
  const deployments = sorts.length === 0 ? 1 + random.below(most.deployments) : random.below(2)
  const subjects: Subject[] = Array.from({ length: deployments }, (_, index) => ({
    namespace: pick(namespaces),
    name: ['web', 'api', 'job'][index]!,
  }))
  const actions: Action[] = []
  if (namespaces.length > 1) actions.push({ do: 'create namespace', namespace: 'shop' })
  for (const [index, deployment] of subjects.entries()) {
    actions.push({ do: 'create', deployment, wish: wishOf(random, index) })
    if (random.next() < 0.5) actions.push({ do: 'expose', deployment })
  }
  const mayTouchNodes = random.next() < 0.4
  const rude = random.next() < 0.5
  const wishes = sorts.map((sort) =>
    sort.draw(random.fork(sort.name), { namespace: pick(namespaces), nodes, isRude: rude, mostChanges: most.changes }),
  )
  for (let count = sorts.length === 0 ? 2 + random.below(most.actions) : random.below(most.actions / 2); count > 0; count -= 1) {
    const deployment = subjects.length === 0 ? undefined : pick(subjects)
    const namespace = deployment?.namespace ?? pick(namespaces)
    const node = random.below(nodes)
    const gentle: (() => Action)[] =
      deployment === undefined
        ? []
        : [
            () => ({ do: 'scale', deployment, replicas: random.below(isCrowded ? 16 : 6) }),
            () => ({ do: 'roll', deployment, image: pick([...goodImages, ...goodImages, ...badImages]) }),
            () => ({ do: 'roll', deployment, image: pick(goodImages) }),
            () => ({ do: 'undo', deployment }),
            () => ({ do: pick(['pause', 'resume'] as const), deployment }),
            () => ({ do: pick(['expose', 'unexpose'] as const), deployment }),
          ]
    const hard: (() => Action)[] = [
      ...(deployment === undefined
        ? []
        : [
            (): Action => ({ do: 'delete', deployment, propagation: pick(['Background', 'Foreground', 'Orphan'] as const) }),
            (): Action => ({ do: 'create', deployment, wish: wishOf(random, 0) }),
          ]),
      () => ({ do: 'delete sets', namespace, propagation: pick(['Background', 'Foreground', 'Orphan'] as const) }),
      () => ({ do: 'delete pods', namespace, count: 1 + random.below(4), graceSeconds: pick([0, 1, 30]) }),
      () => ({ do: 'release pod', namespace }),
      () => ({ do: 'delete namespace', namespace: 'shop' }),
      () => ({ do: 'create namespace', namespace: 'shop' }),
    ]
    const nodeWork: (() => Action)[] = [
      () => ({ do: pick(['cordon', 'taint'] as const), node }),
      () => ({ do: pick(['uncordon', 'untaint'] as const), node }),
      () => ({ do: 'delete node', node }),
    ]
    const choices = [...gentle, ...gentle, ...(rude ? hard : []), ...(mayTouchNodes ? nodeWork : [])]
    if (choices.length > 0) actions.push(pick(choices)())
  }
  // Into each other, each in its own order.
  for (const { actions: more } of wishes) {
    let at = namespaces.length > 1 ? 1 : 0
    for (const action of more) {
      at += random.below(actions.length + 1 - at)
      actions.splice(at, 0, action)
      at += 1
    }
  }
  const times = actions.map(() => random.below(endMs)).toSorted((a, b) => a - b)
  const steps: Step[] = actions.map((action, index) => ({ atMs: times[index]!, ...action }))
  // In the end everything can come true: nodes take pods again, and images are there.
  const last: Action[] = [
    ...Array.from({ length: mayTouchNodes ? nodes : 0 }, (_, node): Action[] => [
      { do: 'uncordon', node },
      { do: 'untaint', node },
    ]).flat(),
    ...subjects.map((deployment): Action => ({ do: 'resume', deployment })),
    ...subjects
      .filter((deployment) => isBadAtEnd(deployment, actions))
      .map((deployment): Action => ({ do: 'roll', deployment, image: pick(goodImages) })),
    ...wishes.flatMap(({ last }) => last),
    ...(isCrowded ? subjects.map((deployment): Action => ({ do: 'scale', deployment, replicas: 1 })) : []),
    // What nobody mends any more would fail for ever.
    ...(sorts.length > 0 || subjects.some((deployment) => isBadAtEnd(deployment, actions))
      ? namespaces.map((namespace): Action => ({ do: 'sweep', namespace }))
      : []),
  ]
  return [...steps, ...last.map((action) => ({ atMs: endMs, ...action }))]
}

/** An undo may bring anything back. */
function isBadAtEnd({ namespace, name }: Subject, actions: readonly Action[]): boolean {
  return actions.some(
    (action) =>
      'deployment' in action &&
      action.deployment.namespace === namespace &&
      action.deployment.name === name &&
      action.do === 'roll' &&
      (badImages as readonly string[]).includes(action.image),
  )
}

function wishOf(random: Random, index: number): Wish {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  const surge = pick([0, 1, 2, '25%', '50%', '100%'])
  return {
    replicas: random.below(5),
    image: pick(goodImages),
    strategy: random.next() < 0.2 ? 'Recreate' : 'RollingUpdate',
    surge,
    unavailable: surge === 0 ? pick([1, 2, '50%']) : pick([0, 0, 1, '25%', '50%']),
    // Only one asks for much: all wishes together have to fit on one node.
    ...(index === 0 ? { cpu: pick(['100m', '400m']) } : random.next() < 0.5 && { cpu: '50m' }),
    isProbed: random.next() < 0.3,
    graceSeconds: pick([0, 1, 5, 30]),
    minReadySeconds: random.next() < 0.2 ? 5 : 0,
    historyLimit: pick([0, 1, 2, 10]),
  }
}

// --- faults ----------------------------------------------------------------------------------------------------------------------------

function connectionFault(random: Random, nodes: number, endMs: number): ConnectionFault {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  const fromMs = random.below(endMs)
  const client = pick([
    '*',
    // What fills the caches of all controllers.
    'kube-controller-manager',
    'kube-controller-manager',
    'kube-controller-manager',
    'default-scheduler',
    'wherry-controllers',
    'replicaset-controller',
    'deployment-controller',
    'endpointslice-controller',
    'generic-garbage-collector',
    `kubelet node-${random.below(nodes)}`,
    pick([...controllerNames]),
  ])
  const resource = random.next() < 0.6 ? pick(resources) : undefined
  const window = { client, fromMs, toMs: fromMs + 1_000 + random.below(30_000), ...(resource !== undefined && { resource }) }
  const share = 0.1 + 0.7 * random.next()
  return pick<() => ConnectionFault>([
    () => ({ kind: 'late watch', ...window, delayMs: pick([10, 100, 1_000, 10_000]) }),
    () => ({ kind: 'late watch', ...window, delayMs: pick([10, 100, 1_000, 10_000]) }),
    () => ({ kind: 'repeated events', ...window, share }),
    () => ({ kind: 'dropped watch', ...window, how: pick(['closed', 'expired'] as const) }),
    () => ({ kind: 'failing write', ...window, how: pick(['refused', 'timed out', 'conflict'] as const), share }),
    () => ({ kind: 'failing write', ...window, how: pick(['refused', 'timed out', 'conflict'] as const), share }),
    () => ({ kind: 'failing read', ...window, share }),
    () => ({ kind: 'slow requests', ...window, delayMs: pick([5, 50, 500, 2_000]) }),
  ])()
}

const resources = [
  'pods',
  'pods',
  'replicasets',
  'deployments',
  'nodes',
  'services',
  'leases',
  'statefulsets',
  'daemonsets',
  'jobs',
  'cronjobs',
  'controllerrevisions',
  'poddisruptionbudgets',
  'persistentvolumeclaims',
]

/** The first leader cannot renew its lease for a while, or is held up, and another candidate is there. */
function rivalryOf(random: Random, endMs: number): Pick<Plan, 'connectionFaults' | 'machineFaults'> {
  const fromMs = random.below(endMs / 2)
  if (random.next() < 0.5) {
    const forMs = 30_000 + random.below(60_000)
    const second: MachineFault = { kind: 'second server', fromMs: Math.max(0, fromMs - 5_000), toMs: fromMs + forMs + random.below(30_000) }
    return { connectionFaults: [], machineFaults: [second, { kind: 'server pause', fromMs, forMs, commits: 1 + random.below(20) }] }
  }
  const toMs = fromMs + 10_000 + random.below(50_000)
  const how = random.next() < 0.5 ? 'refused' : 'timed out'
  const share = 0.8 + 0.2 * random.next()
  return {
    connectionFaults: [{ kind: 'failing write', client: 'wherry-controllers@server-1', fromMs, toMs, how, share }],
    machineFaults: [{ kind: 'second server', fromMs: Math.max(0, fromMs - 5_000), toMs: toMs + random.below(30_000) }],
  }
}

function machineFault(random: Random, nodes: number, endMs: number): MachineFault {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)]!
  const fromMs = random.below(endMs)
  const node = random.below(nodes)
  const toMs = fromMs + 1_000 + random.below(120_000)
  const downMs = random.below(20_000)
  return pick<() => MachineFault>([
    () => ({ kind: 'server crash', fromMs, downMs }),
    () => ({ kind: 'server crash', fromMs, downMs, commits: 1 + random.below(30), when: pick(['before', 'after'] as const) }),
    () => ({ kind: 'server crash', fromMs, downMs, commits: 1 + random.below(30), when: pick(['before', 'after'] as const) }),
    () => ({ kind: 'second server', fromMs, toMs }),
    () => ({ kind: 'server pause', fromMs, forMs: 5_000 + random.below(60_000) }),
    () => ({ kind: 'server pause', fromMs, forMs: 5_000 + random.below(60_000), commits: 1 + random.below(30) }),
    () => ({ kind: 'clock jump', fromMs, jumpMs: pick([-60_000, -5_000, 5_000, 60_000]) }),
    () => ({ kind: 'kubelet crash', node, fromMs, downMs }),
    () => ({ kind: 'node loss', node, fromMs, toMs }),
    () => ({ kind: 'node reboot', node, fromMs, downMs }),
    () => ({ kind: 'container crash', node, fromMs, place: random.below(8) }),
    () => ({ kind: 'failing runtime', node, fromMs, toMs, share: 0.3 * random.next(), lateEventMs: random.below(2_000) }),
  ])()
}
