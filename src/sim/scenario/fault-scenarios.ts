import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { sleep } from '#lib/clock.ts'
import type { SimulatedCluster } from '../cluster.ts'
import type { SimulatedNode } from '../node.ts'
import type { PullTrouble } from './behaviour.ts'
import { drainNode } from './drain-node.ts'
import type { WorkloadIndex } from './workloads.ts'

/** What a fault can do, and whom it tells. */
export interface Scene {
  readonly cluster: SimulatedCluster
  readonly workloads: WorkloadIndex
  /** How long it may last. What is to come back comes back then. */
  readonly lastsMs: number
  /** One line of the timeline. */
  tell(text: string): void
  /** Something was in the way that had been asked for: a disruption budget. Told once each. */
  blocked(text: string): void
  /** Takes a node's power, or gives it back. */
  power(node: SimulatedNode, isOn: boolean): void
  pulls(trouble: PullTrouble): void
}

export interface FaultScenario {
  /** Whether it has a time of its own, or holds from the beginning to the end. */
  readonly when: 'in turn' | 'always'
  /** Resolves when it is over; what it begins afterwards happens by the clock. */
  readonly run: (scene: Scene) => Promise<void>
  /** What it needs that a cluster lacks. */
  readonly lacks?: (shape: ClusterShape) => string | undefined
}

export interface ClusterShape {
  readonly nodes: number
  readonly zones: number
}

/** The closed list. `cli/simulate` tells users of each in a sentence. */
export const faultScenarios = {
  'node-loss': {
    when: 'in turn',
    async run({ cluster, power, tell }) {
      const node = busiest(cluster.nodes, cluster)
      tell(`${node.name} loses power for good${withPods(cluster, [node])}`)
      power(node, false)
    },
  },
  'node-reboot': {
    when: 'in turn',
    async run({ cluster, power, tell }) {
      const node = busiest(cluster.nodes, cluster)
      tell(`${node.name} reboots${withPods(cluster, [node])}`)
      power(node, false)
      await sleep(cluster.clock, rebootMs)
      power(node, true)
      tell(`${node.name} is up again`)
    },
  },
  'zone-loss': {
    when: 'in turn',
    lacks: ({ zones }) => (zones > 1 ? undefined : 'needs nodes in several zones; add --zones 3'),
    async run({ cluster, power, tell, lastsMs }) {
      const zoneOf = ({ name }: SimulatedNode) => nodeObject(cluster, name)?.metadata.labels?.[zoneLabel] ?? ''
      const zone = zoneOf(busiest(cluster.nodes, cluster, (node) => zoneOf(node)))
      const nodes = cluster.nodes.filter((node) => zoneOf(node) === zone)
      tell(`${zone} loses power: ${nodes.map(({ name }) => name).join(', ')}${withPods(cluster, nodes)}`)
      for (const node of nodes) power(node, false)
      await sleep(cluster.clock, lastsMs)
      for (const node of nodes) power(node, true)
      tell(`${zone} has power again`)
    },
  },
  'network-cut': {
    when: 'in turn',
    async run({ cluster, tell, lastsMs }) {
      const node = busiest(cluster.nodes, cluster)
      tell(`${node.name} is cut off from the API server; its containers run on${withPods(cluster, [node])}`)
      cluster.setReachable(node, false)
      await sleep(cluster.clock, lastsMs)
      cluster.setReachable(node, true)
      tell(`${node.name} reaches the API server again`)
    },
  },
  'rolling-node-drain': {
    when: 'in turn',
    async run(scene) {
      const { cluster, power, tell, lastsMs } = scene
      const nodes = cluster.nodes.filter(({ isKubeletAlive }) => isKubeletAlive)
      const limitMs = lastsMs / nodes.length
      for (const node of nodes) {
        tell(`${node.name} is drained, as for an upgrade${withPods(cluster, [node])}`)
        const end = await drainNode(cluster, node.name, limitMs, scene.blocked)
        if (end.left.length > 0) {
          const [count, some] = [end.left.length, end.left.slice(0, 3).join(', ')]
          const stay = count === 1 ? `1 pod stays (${some})` : `${count} pods stay (${some}${count > 3 ? ' …' : ''})`
          tell(`${node.name} is given up after ${Math.round(limitMs / 1000)} s: ${stay}`)
        } else {
          power(node, false)
          await sleep(cluster.clock, rebootMs)
          power(node, true)
          tell(`${node.name} is empty, was restarted, and takes pods again`)
        }
        await end.uncordon()
      }
    },
  },
  'api-restart': {
    when: 'in turn',
    async run({ cluster, tell }) {
      tell('the API server and its controllers are killed')
      for (const server of [...cluster.servers]) cluster.killServer(server)
      await sleep(cluster.clock, apiRestartMs)
      tell('the API server starts again')
      await cluster.startServer().serving
    },
  },
  'crash-loop': {
    when: 'in turn',
    async run({ cluster, workloads, tell, lastsMs }) {
      const targets = workloads.all().flatMap((workload) => {
        const running = workloads
          .podsOf(workload)
          .filter((pod) => pod.status.phase === 'Running' && pod.metadata.deletionTimestamp === undefined)
        return running.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).slice(0, 1)
      })
      tell(`in one pod of each workload containers crash ${crashAfterMs / 1000} s after each start: ${targets.length} pods`)
      const uids = new Set(targets.map(({ metadata }) => metadata.uid))
      const end = cluster.clock.now() + lastsMs
      while (cluster.clock.now() < end) {
        for (const { runtime } of cluster.nodes) await crashOld(runtime, uids, cluster.clock.now())
        await sleep(cluster.clock, 1_000)
      }
      tell('no container crashes any more')
    },
  },
  'slow-pulls': {
    when: 'always',
    async run({ pulls, tell }) {
      pulls({ slowMs: slowPullMs })
      tell(`every pull of an image takes ${slowPullMs / 1000} s`)
    },
  },
  'registry-loss': {
    when: 'in turn',
    async run({ cluster, pulls, tell, lastsMs }) {
      tell('no image can be pulled; those that a node has stay')
      pulls({ error: 'failed to pull and unpack image: dial tcp: connect: connection refused' })
      await sleep(cluster.clock, lastsMs)
      pulls({})
      tell('images can be pulled again')
    },
  },
} as const satisfies Readonly<Record<string, FaultScenario>>

export type FaultName = keyof typeof faultScenarios

export const zoneLabel = 'topology.kubernetes.io/zone'

const rebootMs = 60_000
const apiRestartMs = 10_000
const crashAfterMs = 10_000
const slowPullMs = 90_000

/** The node, or that of the group of nodes, with the most pods: its loss says the most. */
function busiest(
  nodes: readonly SimulatedNode[],
  cluster: SimulatedCluster,
  groupOf = ({ name }: SimulatedNode): string => name,
): SimulatedNode {
  const counts = new Map<string, number>()
  const alive = nodes.filter(({ isKubeletAlive }) => isKubeletAlive)
  const candidates = alive.length > 0 ? alive : nodes
  for (const node of candidates) counts.set(groupOf(node), (counts.get(groupOf(node)) ?? 0) + podsOn(cluster, [node]).length)
  return candidates.reduce((most, node) => (counts.get(groupOf(node))! > counts.get(groupOf(most))! ? node : most))
}

function podsOn({ world }: SimulatedCluster, nodes: readonly SimulatedNode[]): readonly Pod[] {
  const names = new Set(nodes.map(({ name }) => name))
  return world.list<Pod>(Pod).filter((pod) => names.has(pod.spec.nodeName ?? '') && !isPodTerminal(pod))
}

function withPods(cluster: SimulatedCluster, nodes: readonly SimulatedNode[]): string {
  const count = podsOn(cluster, nodes).length
  return ` (${count} pod${count === 1 ? '' : 's'})`
}

const nodeObject = ({ world }: SimulatedCluster, name: string): Node | undefined =>
  world.list<Node>(Node).find(({ metadata }) => metadata.name === name)

async function crashOld(runtime: SimulatedNode['runtime'], uids: ReadonlySet<string>, now: number): Promise<void> {
  for (const { id, state, labels } of await runtime.containers()) {
    if (state !== 'running' || !uids.has(labels['io.kubernetes.pod.uid'] ?? '')) continue
    if ((await runtime.containerStatus(id)).startedAt + crashAfterMs <= now) runtime.crash(id, 1)
  }
}
