import type { Stage } from './stage.ts'

/** One sort of pods, and what of the cluster it needs. */
export interface Case {
  readonly name: string
  /** How many of the pods that are asked for are measured. Absent: all. */
  readonly podsMax?: (nodes: number) => number
  /** Whether so many can be placed at all. Absent: they can. */
  readonly fits?: (nodes: number, pods: number) => boolean
  /** What is there before the first pod comes. */
  readonly prepare?: (stage: Stage, pods: number) => Promise<void>
  /** What goes on while the pods are placed. Resolves `stop` when it has ended, and its own things are gone. */
  readonly meanwhile?: (stage: Stage) => { readonly stop: () => Promise<void> }
  readonly pod: (index: number) => PodShape
  /** Whether this one finds a place. Absent: each does. */
  readonly isPlaced?: (index: number) => boolean
}

/** What pods of a case have beside a name and the container that all have. */
export interface PodShape {
  readonly labels?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly resources?: object
}

/** How many zones the nodes are in: `topology.kubernetes.io/zone` is `zone-0` to `zone-9`. */
export const zones = 10

const groups = 10
const groupOf = (index: number): Record<string, string> => ({ group: `g${index % groups}` })
const ownGroup = (index: number) => ({ labelSelector: { matchLabels: groupOf(index) } })

/** What pods are measured with: the sorts that the original's own scheduler benchmark has, each as small as it can be. */
export const cases: readonly Case[] = [
  { name: 'plain', pod: () => ({}) },
  {
    name: 'node-affinity',
    pod: (index) => {
      const matchExpressions = [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [`zone-${index % zones}`] }]
      const required = { nodeSelectorTerms: [{ matchExpressions }] }
      return { spec: { affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } } } }
    },
  },
  {
    name: 'anti-affinity',
    // One pod of a group on a node.
    fits: (nodes, pods) => pods <= nodes * groups,
    pod: (index) => {
      const required = [{ ...ownGroup(index), topologyKey: 'kubernetes.io/hostname' }]
      const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } }
      return { labels: groupOf(index), spec: { affinity } }
    },
  },
  {
    name: 'preferred-affinity',
    pod: (index) => {
      const preferred = [{ weight: 1, podAffinityTerm: { ...ownGroup(index), topologyKey: 'kubernetes.io/hostname' } }]
      const affinity = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } }
      return { labels: groupOf(index), spec: { affinity } }
    },
  },
  {
    name: 'spread',
    pod: (index) => {
      const constraint = { maxSkew: 1, topologyKey: 'topology.kubernetes.io/zone', whenUnsatisfiable: 'DoNotSchedule' }
      return { labels: groupOf(index), spec: { topologySpreadConstraints: [{ ...constraint, ...ownGroup(index) }] } }
    },
  },
  {
    name: 'unschedulable',
    isPlaced: (index) => index % 10 !== 0,
    pod: (index) => (index % 10 === 0 ? { resources: { requests: { cpu: '1000' } } } : {}),
  },
  {
    name: 'preemption',
    podsMax: (nodes) => Math.min(nodes, 500),
    async prepare({ nodes, make, sideBySide, nameOfNode, namespace }) {
      await make('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'bench-high' }, value: 1000 })
      const low = await namespace('low')
      // Each leaves too little room on its node, which it needs no scheduler to find.
      await sideBySide(nodes, (n) =>
        make(`${low}/pods`, podBody(`low-${n}`, { resources: { requests: { cpu: '12' } }, spec: { nodeName: nameOfNode(n) } })),
      )
    },
    pod: () => ({ resources: { requests: { cpu: '8' } }, spec: { priorityClassName: 'bench-high' } }),
  },
  { name: 'churn', meanwhile: churn, pod: () => ({}) },
  {
    name: 'gated',
    async prepare({ make, sideBySide, namespace }, pods) {
      const gated = await namespace('gated')
      const spec = { schedulingGates: [{ name: 'bench.example.com/wait' }] }
      await sideBySide(2 * pods, (n) => make(`${gated}/pods`, podBody(`gated-${n}`, { spec })))
    },
    pod: () => ({}),
  },
  {
    name: 'dra',
    // The original places some ten a second.
    podsMax: () => 1000,
    async prepare({ nodes, make, sideBySide, nameOfNode, own }, pods) {
      const resources = '/apis/resource.k8s.io/v1'
      const expression = `device.driver == "${driver}"`
      await make(`${resources}/deviceclasses`, { metadata: { name: 'bench' }, spec: { selectors: [{ cel: { expression } }] } })
      const devices = Array.from({ length: Math.ceil(pods / nodes) + 1 }, (_, n) => ({ name: `device-${n}` }))
      await sideBySide(nodes, (n) => {
        const pool = { name: nameOfNode(n), generation: 1, resourceSliceCount: 1 }
        const spec = { driver, pool, nodeName: nameOfNode(n), devices }
        return make(`${resources}/resourceslices`, { metadata: { name: `${nameOfNode(n)}-bench` }, spec })
      })
      const request = { name: 'device', exactly: { deviceClassName: 'bench' } }
      await sideBySide(pods, (n) =>
        make(`${own.replace('/api/v1', resources)}/resourceclaims`, {
          metadata: { name: `claim-${n}` },
          spec: { devices: { requests: [request] } },
        }),
      )
    },
    pod: (index) => ({
      resources: { ...plainResources, claims: [{ name: 'device' }] },
      spec: { resourceClaims: [{ name: 'device', resourceClaimName: `claim-${index}` }] },
    }),
  },
]

const driver = 'bench.example.com'

const plainResources = { requests: { cpu: '100m', memory: '200Mi' } }

/** A pod as it is sent. It ends at once, since nobody runs it. */
export function podBody(name: string, { labels, spec, resources = plainResources }: PodShape): object {
  return {
    metadata: { name, labels: { app: 'bench', ...labels } },
    spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'main', image: 'registry.test/bench/main:1.0', resources }], ...spec },
  }
}

/** Fifty times a second a node or a pod comes or goes. */
function churn({ make, drop, makeNode, namespace }: Stage): { readonly stop: () => Promise<void> } {
  let isOver = false
  const run = (async () => {
    const pods = `${await namespace('churn')}/pods`
    const present: string[] = []
    for (let n = 0; !isOver; n += 1) {
      const [made, gone] = [`churn-${n}`, `churn-${n - 20}`]
      if (n % 2 === 0) await makeNode(made)
      else await make(pods, podBody(made, {}))
      present.push(made)
      if (n >= 20) {
        await drop(n % 2 === 0 ? `/api/v1/nodes/${gone}` : `${pods}/${gone}`)
        present.splice(present.indexOf(gone), 1)
      }
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
    for (const name of present) await drop(Number(name.slice('churn-'.length)) % 2 === 0 ? `/api/v1/nodes/${name}` : `${pods}/${name}`)
  })()
  return {
    stop() {
      isOver = true
      return run
    },
  }
}
