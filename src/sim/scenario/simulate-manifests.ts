import { Node } from '#api/core/v1/node.ts'
import { type Manifest, type ManifestProblem, type ManifestText, readManifests, titleOf } from '#client/manifests.ts'
import { createSimulatedCluster, type SimulatedCluster } from '../cluster.ts'
import { applyManifests, isLeftOut } from './apply.ts'
import { createBehaviour, type PullTrouble } from './behaviour.ts'
import { annotationProblems, type BehaviourSettings } from './behaviour-settings.ts'
import { type FaultName, type FaultScenario, faultScenarios, type Scene, zoneLabel } from './fault-scenarios.ts'
import { createObserver, type Observer } from './observer.ts'
import type { SimulationReport } from './report.ts'
import { provisionVolumes } from './volumes.ts'

export interface SimulationOptions {
  readonly manifests: readonly ManifestText[]
  readonly nodes: number
  /** How many zones the nodes are spread over; 1: none. */
  readonly zones: number
  readonly cpuCount: number
  readonly memoryBytes: number
  readonly seed: number
  /** How long the cluster lives, counted from the moment at which everything is applied. */
  readonly forMs: number
  readonly faults: readonly FaultName[]
  /** What containers of an image do, by its name as pods write it. */
  readonly images: Readonly<Record<string, BehaviourSettings>>
  /** How long containers of Jobs run. */
  readonly taskMs: number
  /** Of objects that name none. */
  readonly namespace: string
}

/** Lives a cluster with these manifests through these faults, in virtual time, and tells what happened. The same options give the same report. */
export async function simulateManifests(options: SimulationOptions): Promise<SimulationReport> {
  const { manifests, problems } = readManifests(options.manifests)
  const found = [...problems, ...manifests.flatMap(problemsOfAnnotations), ...faultProblems(options)]
  if (found.length > 0) return refused(options, found)

  let trouble: PullTrouble = {}
  let observer: Observer | undefined
  let cluster: SimulatedCluster | undefined
  cluster = await createSimulatedCluster({
    seed: options.seed,
    nodes: options.nodes,
    cpuCount: options.cpuCount,
    memoryBytes: options.memoryBytes,
    latencyMs: startMs,
    behaviour: createBehaviour({ world: () => cluster?.world, images: options.images, taskMs: options.taskMs, pulls: () => trouble }),
    onCommit: (changes, who) => observer?.see(changes, who),
  })
  try {
    await nodesAreReady(cluster, options)
    observer = createObserver(cluster.world, cluster.clock)
    const stopProvisioning = await provisionVolumes(cluster)
    return await live(cluster, observer, manifests, options, (changed) => void (trouble = changed)).finally(stopProvisioning)
  } finally {
    observer?.close()
    await cluster.stop()
  }
}

async function live(
  cluster: SimulatedCluster,
  observer: Observer,
  manifests: readonly Manifest[],
  options: SimulationOptions,
  setPulls: (trouble: PullTrouble) => void,
): Promise<SimulationReport> {
  const { clock } = cluster
  const failures: string[] = []
  const scene = (lastsMs: number): Scene => ({
    cluster,
    workloads: observer.workloads,
    lastsMs,
    tell: (text) => observer.tell('fault', 'fault', text),
    blocked: (text) => observer.limit(text),
    power(node, isOn) {
      if (isOn) node.startKubelet()
      else node.reboot()
      cluster.history.note({ who: 'simulation', what: isOn ? 'power' : 'power off', object: node.name, result: '' })
      observer.power(node.name, isOn)
    },
    pulls: setPulls,
  })
  const run = (name: FaultName, lastsMs: number): void => {
    const scenario: FaultScenario = faultScenarios[name]
    scenario
      .run(scene(lastsMs))
      .catch((error: unknown) => failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`))
  }

  for (const name of options.faults) if (faultScenarios[name].when === 'always') run(name, options.forMs)
  observer.applied(manifests.filter(({ object }) => !isLeftOut(object)).map(({ object }) => object.kind))
  const applied = await applyManifests(cluster, manifests, { namespace: options.namespace })
  if (applied.problems.length > 0) return refused(options, applied.problems, applied.left)
  const inTurn = options.faults.filter((name) => faultScenarios[name].when === 'in turn')
  for (const { name, atMs, lastsMs } of turnsOf(inTurn, options.forMs)) clock.schedule(clock.now() + atMs, () => run(name, lastsMs))
  await clock.advance(options.forMs)
  const seen = observer.finish(applied.objects)
  const complaints = [
    ...failures,
    ...cluster.complaints.filter(({ level, message }) => level === 'error' && bugs.has(message)).map((one) => JSON.stringify(one)),
  ]
  return {
    ok: seen.workloads.every(({ ok }) => ok) && complaints.length === 0,
    ...headOf(options),
    problems: [],
    left: applied.left,
    ...seen,
    complaints,
  }
}

/**
 * Faults that have a time of their own take turns: after a sixth of the time, but no more than ten minutes, each has its share of the rest,
 * and half of that share to last; the other half is for what follows.
 */
export function turnsOf<T>(
  names: readonly T[],
  forMs: number,
): readonly { readonly name: T; readonly atMs: number; readonly lastsMs: number }[] {
  const beginMs = Math.min(600_000, Math.floor(forMs / 6))
  const shareMs = Math.floor((forMs - beginMs) / Math.max(1, names.length))
  return names.map((name, index) => ({ name, atMs: beginMs + index * shareMs, lastsMs: Math.floor(shareMs / 2) }))
}

/** Messages that say that code failed, where others say that the world did. */
const bugs: ReadonlySet<string> = new Set(['a storm of requests', 'cannot decide', 'work failed', 'a change handler failed'])

/** Of a sandbox and of a container, as on a usual machine. */
const startMs = 300

const headOf = ({ seed, nodes, forMs, faults }: SimulationOptions) => ({ seed, nodes, forMs, faults })

const refused = (
  options: SimulationOptions,
  problems: readonly ManifestProblem[],
  left: readonly ManifestProblem[] = [],
): SimulationReport => ({
  ok: false,
  ...headOf(options),
  problems,
  left,
  timeline: [],
  workloads: [],
  limits: [],
  complaints: [],
})

const problemsOfAnnotations = ({ where, object }: Manifest): readonly ManifestProblem[] =>
  annotationProblems(object).map((problem) => ({ where: `${where} (${titleOf(object)})`, problem }))

const faultProblems = ({ faults, nodes, zones }: SimulationOptions): readonly ManifestProblem[] =>
  faults.flatMap((name) => {
    const scenario: FaultScenario = faultScenarios[name]
    const problem = scenario.lacks?.({ nodes, zones })
    return problem === undefined ? [] : [{ where: `fault ${name}`, problem }]
  })

async function nodesAreReady(cluster: SimulatedCluster, { zones }: SimulationOptions): Promise<void> {
  const { client, nodes, world, until } = cluster
  const isReady = ({ spec, status }: Node): boolean =>
    (spec.taints ?? []).length === 0 && (status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false)
  await until(() => world.list<Node>(Node).filter(isReady).length === nodes.length, 120_000, 'all nodes are ready')
  if (zones <= 1) return
  for (const [index, { name }] of nodes.entries())
    await client.patch(Node, name, { type: 'merge', body: { metadata: { labels: { [zoneLabel]: `zone-${index % zones}` } } } })
}
