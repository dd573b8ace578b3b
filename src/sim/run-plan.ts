import { Lease } from '#api/coordination/v1/lease.ts'
import { Event } from '#api/core/v1/event.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { isPodTerminal } from '#api/core/v1/pod-helpers.ts'
import { featuresOf } from '#api/features.ts'
import type { AnyKind, KubeObject } from '#api/kind.ts'
import { servedKinds } from '#api/served-kinds.ts'
import { keyOf, prefixOf, registryRoot } from '#apiserver/registry/keys.ts'
import { seededRandom } from '#lib/random.ts'
import { createSimulatedCluster, type SimulatedCluster, startOfTime } from './cluster.ts'
import { createFaultyNetwork } from './faults.ts'
import type { HistoryEntry } from './history.ts'
import { flaky, images } from './images.ts'
import type { Invariant, Writer } from './invariants/invariant.ts'
import { invariants } from './invariants.ts'
import { startMachineFaults } from './machine-faults.ts'
import { type Plan, podsAreDisturbed, staleMsOf } from './plan.ts'
import { drainMs, takeSteps } from './steps.ts'
import type { Change, World } from './world.ts'

export interface Outcome {
  /** What did not hold; empty: everything did. */
  readonly problems: readonly Problem[]
  readonly writes: number
  readonly virtualMs: number
  /** From the end of all faults until every wish had come true, to within seconds. */
  readonly settledMs: number
  /** When the first step could be taken, and faults began. */
  readonly beganMs: number
  readonly history: SimulatedCluster['history']
  /** As it was in the end. */
  readonly world: World
}

export interface Problem {
  readonly invariant: string
  readonly atMs: number
  readonly text: string
}

export interface RunOptions {
  /** How long nothing may be written once everything is as wished; default an hour. */
  readonly quietMs?: number
}

/** Lives a plan to its end, and looks whether everything held that must. */
export async function runPlan(plan: Plan, { quietMs = 3_600_000 }: RunOptions = {}): Promise<Outcome> {
  const network = createFaultyNetwork(plan.connectionFaults, seededRandom(plan.seed).fork('network'))
  const problems: Problem[] = []
  let settledMs = Infinity
  let beganMs = 0
  let checks: readonly Invariant[] = []
  let cluster: SimulatedCluster | undefined
  const say = (invariant: string, text: string): void => {
    if (problems.length >= problemLimit) return
    const problem = { invariant, atMs: (cluster?.clock.now() ?? startOfTime) - startOfTime, text }
    problems.push(problem)
    cluster?.history.note({ who: 'simulation', what: 'PROBLEM', object: invariant, result: text })
  }
  const onCommit = (changes: readonly Change[], who: Writer, world: World, now: number): void => {
    if (checks.length === 0)
      checks = invariants({ world, nodes: plan.nodes, staleMs: staleMsOf(plan), podsAreDisturbed: podsAreDisturbed(plan) })
    for (const check of checks) for (const text of check.onCommit?.(changes, who, now) ?? []) say(check.name, text)
  }
  cluster = await createSimulatedCluster({
    seed: plan.seed,
    nodes: plan.nodes,
    cpuCount: plan.cpuCount,
    latencyMs: plan.latencyMs,
    images,
    behaviour: flaky,
    isUsed: true,
    ...(plan.forgetsEvents && { forgetsEvents: true }),
    ...(plan.isRestless && { isRestless: true }),
    features: plan.features,
    faults: network.through,
    onCommit,
  })
  try {
    await live(cluster)
  } catch (error) {
    say('the simulation itself', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  const { history, world, clock } = cluster
  return { problems, writes: history.writes, virtualMs: clock.now() - startOfTime, settledMs, beganMs, history, world }

  async function live(one: SimulatedCluster): Promise<void> {
    const { clock, history, world } = one
    await one.until(() => world.list(Node).length === plan.nodes, 60_000, 'all nodes are registered')
    beganMs = clock.now() - startOfTime
    network.start(clock, (what, object) => history.note({ who: 'simulation', what, object, result: '' }))
    const endMachineFaults = startMachineFaults(one, plan.machineFaults)
    const steps = { done: false }
    const taking = takeSteps(one, plan.steps).then(() => {
      steps.done = true
    })
    taking.catch(() => {})
    await one.advance(plan.endMs)
    network.end()
    endMachineFaults()
    history.note({ who: 'simulation', what: 'all faults are over', object: '', result: '' })
    const drains = plan.steps.filter((step) => step.do === 'drain').length
    await one.until(() => steps.done, 120_000 + drains * drainMs, 'all steps are taken')
    await taking

    const unmet = (): string[] => checks.flatMap((check) => (check.atRest?.(clock.now()) ?? []).map((text) => `${check.name}: ${text}`))
    const begin = clock.now()
    const limit = begin + convergenceMs
    while (unmet().length > 0 && clock.now() < limit && problems.length === 0) await one.advance(5_000)
    settledMs = clock.now() - begin
    for (const { level, message, ...fields } of one.complaints)
      if (level === 'error' && bugs.has(message)) say('no crash', `${message}: ${JSON.stringify(fields)}`)
    for (const text of unmet()) say('comes true', text)
    if (problems.length > 0) return

    // What only tells of it (conditions, events) comes a little later.
    await one.advance(calmMs)
    const since = history.entries.length
    await one.advance(quietMs)
    for (const entry of history.entries.slice(since)) {
      if (entry.change === undefined || isHeartbeat(entry)) continue
      say('quiet', `${entry.who} still writes: ${entry.what} ${entry.object}`)
    }
    for (const text of unmet()) say('stays true', text)
    for (const text of [...(await containersMatch(one)), ...(await listsMatch(one, servedBy(plan)))]) say('agreement', text)
    await one.stop()
  }
}

/** The first few say what is wrong; the rest follows from them. */
const problemLimit = 20
/** Back-off of a crashing container ends at five minutes, and so does the eviction from a lost node. */
const convergenceMs = 20 * 60_000
const calmMs = 30_000

/** Messages that say that code failed, where others say that the world did. */
const bugs = new Set([
  'a storm of requests',
  'cannot decide',
  'work failed',
  'a change handler failed',
  'cannot tell which keys a change concerns',
])

/** What a cluster writes though nothing happens. */
export const isHeartbeat = ({ change, who }: HistoryEntry): boolean => change !== undefined && isHeartbeatOf(change, who)

function isHeartbeatOf({ key, before, after }: Change, who: string): boolean {
  if (key.startsWith(prefixOf(Lease)) || key.startsWith(prefixOf(Event))) return true
  return key.startsWith(prefixOf(Node)) && who.startsWith('kubelet') && withoutHeartbeat(before) === withoutHeartbeat(after)
}

/** Images that were fetched show with the next heartbeat. */
const withoutHeartbeat = (object: KubeObject | undefined): string => {
  const { spec, status } = (object ?? {}) as Partial<Node>
  return JSON.stringify([spec, { ...status, images: undefined }]).replaceAll(/"lastHeartbeatTime":"[^"]*"/g, '')
}

/** On every machine runs what the API server tells of it, and nothing else. */
async function containersMatch({ world, nodes }: SimulatedCluster): Promise<string[]> {
  const problems: string[] = []
  for (const { name, runtime } of nodes) {
    const running = new Set((await runtime.containers()).filter(({ state }) => state === 'running').map(({ labels }) => labels[uidLabel]))
    const sandboxes = new Set((await runtime.sandboxes()).map(({ labels }) => labels[uidLabel]))
    const told = world.list<Pod>(Pod).filter(({ spec, status }) => spec.nodeName === name && status.phase === 'Running')
    for (const { metadata } of told)
      if (!running.has(metadata.uid)) problems.push(`${metadata.name} is said to run on ${name}, and does not`)
    const known = new Set(
      world
        .list<Pod>(Pod)
        .filter(({ spec }) => spec.nodeName === name)
        .map(({ metadata }) => metadata.uid),
    )
    for (const uid of sandboxes) if (!known.has(uid!)) problems.push(`${name} keeps something of pod ${uid}, of which nobody knows`)
    const live = new Set(told.filter((pod) => !isPodTerminal(pod)).map(({ metadata }) => metadata.uid))
    for (const uid of running) if (!live.has(uid!)) problems.push(`pod ${uid} runs on ${name}, and nobody says so`)
  }
  return problems
}

const uidLabel = 'io.kubernetes.pod.uid'

const servedBy = ({ features }: Plan): readonly AnyKind[] => servedKinds(featuresOf(features?.featureGates), features?.runtimeConfig)

/** The API server lists what the store holds. */
async function listsMatch({ client, world }: SimulatedCluster, served: readonly AnyKind[]): Promise<string[]> {
  const listed = new Set<string>()
  for (const kind of served) {
    if (kind.storedAs !== undefined || (kind.verbs !== undefined && !kind.verbs.includes('list'))) continue
    const { items } = await client.list(kind)
    for (const { metadata } of items as readonly KubeObject[]) listed.add(keyOf(kind, metadata.namespace ?? '', metadata.name))
  }
  const stored = [...world.keys].filter((key) => key.startsWith(registryRoot))
  return [
    ...stored.filter((key) => !listed.has(key)).map((key) => `${key} is stored and not listed`),
    ...[...listed].filter((key) => world.byKey(key) === undefined).map((key) => `${key} is listed and not stored`),
  ]
}
