import { Node } from '#api/core/v1/node.ts'
import type { NodeCondition, NodeStatus } from '#api/core/v1/types.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { compareResourceVersions } from '#client/resource-version.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { rfc3339 } from '#lib/rfc3339.ts'
import { deepEqual } from '#schema/fields.ts'
import type { KubeletConfig } from './config.ts'
import { defaultConfiguration } from './configuration/default-configuration.ts'
import type { EventSink, MachineFacts, NodeFacts, NodeSource } from './interfaces.ts'
import { conditionEvents } from './node-conditions.ts'
import { leasePeriodMs, renewLease } from './node-lease.ts'
import { allocatable, defaultNodeLabels, type NodeFactsView, type NodeSaid, nodeStatus, withoutHeartbeat } from './node-object.ts'
import type { Runtime } from './runtime.ts'
import { hasNoswap } from './volumes/noswap.ts'

export interface NodeStatusOptions {
  readonly config: KubeletConfig
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly runtime: Pick<Runtime, 'status' | 'version' | 'images'>
  readonly facts: NodeFacts
  readonly events: EventSink
  /** What else is said of the node, and hears when it changes. */
  readonly nodeSources?: readonly NodeSource[]
  /** The API server has the Node now: at the start, and again after somebody deleted it. */
  readonly onRegistered?: () => void
  /** `networkProblem` answers otherwise now. */
  readonly onNetworkChange?: () => void
}

/** Keeps the Node object: registers it, tells what changes, and says every ten seconds that the node lives. */
export interface NodeReporter {
  /** Goes on until the Node is registered, and keeps it from then on. */
  start(): NodeStart
  stop(): Promise<void>
  /** The runtime went or came back: look at once. */
  runtimeChanged(): void
  allocatable(): Readonly<Record<string, string>>
  /** The Node object as last seen; undefined before it is registered. */
  node(): Node | undefined
  /** Why the runtime can give no pod a network, as it said last; '' when it can, and while it has said nothing. */
  networkProblem(): string
  /** The Node object; before it is registered, as it would be. Undefined before the first look. */
  presumed(): Node | undefined
}

/** The steps of a start, none of which needs the next one. */
export interface NodeStart {
  /** It is known what the machine and the runtime are. */
  readonly looked: Promise<void>
  /** After the first attempt to register: whether it came off. */
  readonly tried: Promise<boolean>
  /** The Node is registered and its first status written. Rejects when the agent stops before. */
  readonly registered: Promise<void>
}

export function createNodeStatus(options: NodeStatusOptions): NodeReporter {
  const { config, client, clock, random, log, runtime, facts, nodeSources = [] } = options
  const timing = timingOf(config)
  const stopping = new AbortController()
  let machine: MachineFacts | undefined
  let node: Node | undefined
  /** By what passes: a clock that is set back must not keep the next status from being written for hours. */
  let writtenMs = -Infinity
  let wasUnschedulable = false
  let isRebootTold = false
  let told: Pick<NodeFactsView['runtime'], 'handlers' | 'features'> = { handlers: [], features: noFeatures }
  let forgetLook = () => {}
  let forgetRenewal = () => {}
  let looking: Promise<void> | undefined
  let isAsked = false
  let informer: Informer<Node> | undefined
  let unfollow: (() => void)[] = []
  let networkProblem = ''
  let lastView: NodeFactsView | undefined
  let lastAllocatable: { readonly from: string; readonly amounts: Readonly<Record<string, string>> } | undefined
  const looked = Promise.withResolvers<void>()

  const wanted = (view: NodeFactsView) => ({
    metadata: { name: config.nodeName, labels: { ...defaultNodeLabels(view), ...config.labels }, annotations },
    spec: {
      ...(config.taints.length > 0 && { taints: config.taints }),
      ...(config.podCidr !== undefined && { podCIDR: config.podCidr, podCIDRs: [config.podCidr] }),
      ...(config.configuration?.providerID && { providerID: config.configuration.providerID }),
    },
    status: nodeStatus(view, undefined),
  })

  function tellNetwork(problem: string): void {
    if (problem === networkProblem) return
    networkProblem = problem
    options.onNetworkChange?.()
  }

  /** Registers the node, or takes over the one that is there: labels that every node has are set, everything else is kept. */
  async function register(view: NodeFactsView): Promise<Node> {
    const labels = defaultNodeLabels(view)
    try {
      const made = await client.create(Node, wanted(view))
      tellConditions(made, [], made.status.conditions ?? [])
      return made
    } catch (error) {
      if (!isError(error, 'AlreadyExists')) throw error
    }
    const existing = await client.get(Node, config.nodeName)
    const { metadata } = existing
    const isKnown =
      Object.entries(labels).every(([key, value]) => metadata.labels?.[key] === value) &&
      Object.entries(annotations).every(([key, value]) => metadata.annotations?.[key] === value)
    return isKnown ? existing : await client.patch(Node, config.nodeName, { type: 'merge', body: { metadata: { labels, annotations } } })
  }

  const tell = (regarding: Node, reason: string): void =>
    options.events.record({ regarding, type: 'Normal', reason, message: `Node ${config.nodeName} status is now: ${reason}` })

  function tellConditions(regarding: Node, previous: readonly NodeCondition[], now: readonly NodeCondition[]): void {
    for (const reason of conditionEvents(previous, now)) tell(regarding, reason)
  }

  /** Whether pods may be placed here is somebody else's decision; the node tells that it heard of it. */
  function tellSchedulable(present: Node): void {
    const isUnschedulable = present.spec.unschedulable === true
    if (isUnschedulable !== wasUnschedulable) tell(present, isUnschedulable ? 'NodeNotSchedulable' : 'NodeSchedulable')
    wasUnschedulable = isUnschedulable
  }

  async function look(): Promise<NodeFactsView> {
    machine = await facts.read()
    const found = await Promise.allSettled([inTime(runtime.status()), inTime(runtime.version()), inTime(runtime.images())])
    const [status, version, images] = found
    const notReady =
      status.status === 'rejected'
        ? isError(status.reason, 'Timeout')
          ? 'container runtime status check may not have completed yet'
          : `container runtime is down: ${messageOf(status.reason)}`
        : !status.value.runtimeReady
          ? `container runtime status check may not have completed yet: ${status.value.message}`
          : status.value.networkReady
            ? ''
            : `container runtime network not ready: ${status.value.message}`
    // While the runtime is away, what it last said of itself stands.
    if (status.status === 'fulfilled')
      tellNetwork(status.value.networkReady ? '' : `container runtime network not ready: ${status.value.message}`)
    if (status.status === 'fulfilled') told = { handlers: status.value.handlers ?? [], features: status.value.features ?? told.features }
    const former = node?.status?.nodeInfo.containerRuntimeVersion.split('://')
    lastView = {
      now: clock.now(),
      config,
      machine,
      notReady,
      runtime: {
        ...(version.status === 'fulfilled' ? version.value : { name: former?.[0] ?? '', version: former?.[1] ?? '' }),
        ...told,
      },
      said: nodeSources.map((source) => source.read()),
      images: images.status === 'fulfilled' ? images.value : [],
    }
    looked.resolve()
    return lastView
  }

  /** A runtime that hangs keeps the node from being told about no longer than this. */
  async function inTime<T>(answer: Promise<T>): Promise<T> {
    const given = new AbortController()
    const late = sleep(clock, RUNTIME_ANSWER_MS, AbortSignal.any([given.signal, stopping.signal])).then(() => {
      throw new WherryError('Timeout', 'container runtime status check may not have completed yet')
    })
    try {
      return await Promise.race([answer, late])
    } finally {
      given.abort()
    }
  }

  /** Writes the status if it changed, or if it is time to show that it still holds. */
  async function report(): Promise<void> {
    const view = await look()
    if (node === undefined) {
      node = await register(view)
      options.onRegistered?.()
    }
    const previous = node.status
    const status = nodeStatus(view, previous)
    const regarding = node
    tellSchedulable(regarding)
    const isDue = clock.monotonicMs() - writtenMs >= timing.reportMs
    if (isDue || !deepEqual(withoutHeartbeat(previous), withoutHeartbeat(status))) await write(status, previous)
    tellConditions(regarding, previous?.conditions ?? [], status.conditions ?? [])
    const bootID = previous?.nodeInfo.bootID
    if (!isRebootTold && bootID && bootID !== view.machine.bootId) {
      const message = `Node ${config.nodeName} has been rebooted, boot id: ${view.machine.bootId}`
      isRebootTold = true
      options.events.record({ regarding, type: 'Warning', reason: 'Rebooted', message })
    }
    // From the last write on: a look in between, or one that came a moment early, puts the next write off by nothing.
    const restMs = Math.max(writtenMs + timing.reportMs - clock.monotonicMs(), 1)
    again(view.notReady === '' ? restMs : NOT_READY_MS)
  }

  async function write(status: NodeStatus, previous: NodeStatus | undefined): Promise<void> {
    const changes: Record<string, unknown> = gone(previous, status)
    for (const [field, value] of Object.entries(status)) {
      const former = previous?.[field as keyof NodeStatus]
      if (deepEqual(former, value)) continue
      // Addresses are merged by their type, of which a node with two families has one twice: they are replaced whole.
      if (field === 'addresses') changes[field] = [...(value as object[]), { $patch: 'replace' }]
      else if (field === 'capacity' || field === 'allocatable')
        changes[field] = { ...gone(previous?.[field], status[field]), ...status[field] }
      else changes[field] = value
    }
    try {
      take(await client.patch(Node, config.nodeName, { type: 'strategic', body: { status: changes } }, { subresource: 'status' }))
    } catch (error) {
      // Somebody deleted the Node: it is registered anew by the next look.
      if (isError(error, 'NotFound')) node = undefined
      throw error
    }
    writtenMs = clock.monotonicMs()
  }

  /** Keeps the newest version that is known; tells whether this is it. */
  function take(present: Node): boolean {
    const isNewer = node === undefined || compareResourceVersions(present.metadata.resourceVersion, node.metadata.resourceVersion) > 0
    if (isNewer) node = present
    return isNewer
  }

  /** The node controller writes into the status, too, when it has not heard of us for a while: that is put right at once. */
  function seen(present: Node, change: 'added' | 'modified' | 'deleted'): void {
    if (change === 'deleted') {
      // Registered anew, unless it is already.
      if (present.metadata.uid !== node?.metadata.uid) return
      node = undefined
      lookNow()
      return
    }
    const before = node
    const isNewer = take(present)
    if (isNewer) tellSchedulable(present)
    if (!isNewer || deepEqual(withoutHeartbeat(before?.status), withoutHeartbeat(present.status))) return
    // Should somebody insist on another opinion, the two of us may not go round in circles.
    if (clock.monotonicMs() - writtenMs < INSIST_MS) again(INSIST_MS)
    else lookNow()
  }

  /** One look after another; what is asked for during a look is one that follows it. */
  function lookNow(attempt = 0): void {
    if (stopping.signal.aborted) return
    forgetLook()
    if (looking !== undefined) {
      isAsked = true
      return
    }
    looking = report()
      .catch((error: unknown) => {
        if (stopping.signal.aborted) return
        log.warn('the node status could not be written', { error })
        forgetLook = clock.schedule(clock.now() + backoff(retry, attempt, random), () => lookNow(attempt + 1))
      })
      .finally(() => {
        looking = undefined
        if (isAsked) {
          isAsked = false
          lookNow()
        }
      })
  }

  function again(afterMs: number): void {
    if (stopping.signal.aborted) return
    forgetLook()
    forgetLook = clock.schedule(clock.now() + afterMs * (1 + 0.04 * random.next()), () => lookNow())
  }

  /** Not every part can tell of a change: nobody says that a table of the kernel fills up. Their conditions are compared with each heartbeat. */
  function compareConditions(): void {
    if (lastView === undefined) return
    try {
      if (conditionsOf(lastView.said) !== conditionsOf(nodeSources.map((source) => source.read()))) lookNow()
    } catch {
      // The look fails by the same, says so, and is tried again; the Lease is renewed all the same.
      lookNow()
    }
  }

  function renewLater(afterMs: number, attempt: number): void {
    forgetRenewal = clock.schedule(clock.now() + afterMs, async () => {
      try {
        compareConditions()
        if (node !== undefined) await renewLease(client, clock, node.metadata, timing.leaseSeconds)
        if (!stopping.signal.aborted) renewLater(leasePeriodMs(timing.leaseSeconds), 0)
      } catch (error) {
        if (stopping.signal.aborted) return
        log.warn('the node lease could not be renewed', { error })
        renewLater(Math.min(backoff(retry, attempt, random), leasePeriodMs(timing.leaseSeconds)), attempt + 1)
      }
    })
  }

  /** Tries for as long as it takes. */
  async function begin(onTried: (isDone: boolean) => void): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await report()
        onTried(true)
        break
      } catch (error) {
        onTried(false)
        stopping.signal.throwIfAborted()
        log.warn('the node could not be registered', { error })
        await sleep(clock, backoff(retry, attempt, random), stopping.signal)
      }
    }
    options.events.record({ regarding: node!, type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' })
    if (machine !== undefined && machine.swapBytes > 0 && !hasNoswap(machine.kernelVersion))
      options.events.record({ regarding: node!, type: 'Warning', reason: 'PossibleMemoryBackedVolumesOnDisk', message: MAY_BE_SWAPPED })
    renewLater(0, 0)
    informer = createInformer(client, Node, {
      clock,
      random: random.fork('watch'),
      log,
      fieldSelector: `metadata.name=${config.nodeName}`,
    })
    informer.onChange((present, _, change) => seen(present, change))
    unfollow = nodeSources.map((source) => source.onChange(() => lookNow()))
    // What changed while the Node was being registered was told to nobody.
    lookNow()
  }

  return {
    start() {
      const tried = Promise.withResolvers<boolean>()
      return { looked: looked.promise, tried: tried.promise, registered: begin(tried.resolve) }
    },
    async stop() {
      stopping.abort(new Error('the kubelet stops'))
      forgetLook()
      forgetRenewal()
      for (const end of unfollow) end()
      await Promise.all([looking, informer?.close()])
    },
    runtimeChanged: () => lookNow(),
    allocatable() {
      if (machine === undefined) return {}
      const said = nodeSources.map((source) => source.read())
      // Each pod asks several times, and hardly ever is the answer another one.
      const from = JSON.stringify([machine, node?.status?.capacity, said.map((one) => [one.capacity, one.allocatable])])
      if (from !== lastAllocatable?.from) lastAllocatable = { from, amounts: allocatable({ machine, config, said }, node?.status) }
      return lastAllocatable.amounts
    },
    node: () => node,
    networkProblem: () => networkProblem,
    presumed() {
      if (node !== undefined || lastView === undefined) return node
      const { metadata, ...rest } = wanted(lastView)
      const ofNobody = { uid: '', resourceVersion: '', creationTimestamp: rfc3339(lastView.now) }
      return { apiVersion: 'v1', kind: 'Node', metadata: { ...metadata, ...ofNobody }, ...rest } as unknown as Node
    },
  }
}

/** Said to the attach-detach controller: volumes are attached by it. */
const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
const noFeatures = { supplementalGroupsPolicy: false, userNamespacesHostNetwork: false }

/** How often the status is written although nothing changed, and how long the Lease is good for. */
function timingOf({ configuration = defaultConfiguration() }: KubeletConfig) {
  return {
    reportMs: durationMs(configuration.nodeStatusReportFrequency),
    leaseSeconds: configuration.nodeLeaseDurationSeconds,
  }
}

/** The reference's bound between two answers of the runtime (`baseRuntimeSyncThreshold`). */
const RUNTIME_ANSWER_MS = 30_000

/** The reference's words: Secrets, tokens and volumes in memory are meant. */
const MAY_BE_SWAPPED =
  'The tmpfs noswap option is not supported. Memory-backed volumes (e.g. secrets, emptyDirs, etc.) might be swapped to disk and should no longer be considered secure.'

/** While something is amiss, how soon to see whether it passed. */
const NOT_READY_MS = 2_000
/** Least time between two writes of the status that only say the same again. */
const INSIST_MS = 1_000
const retry: BackoffOptions = { initialMs: 200, factor: 2, maxMs: 7_000, jitter: 0.5 }

/** A patch keeps what it does not name: what is no more has to be named. */
const gone = (former: object = {}, now: object = {}): Record<string, null> =>
  Object.fromEntries(Object.keys(former).flatMap((name) => (name in now ? [] : [[name, null]])))

/** Without messages: one that counts something differs each time. */
const conditionsOf = (said: readonly NodeSaid[]): string =>
  said.flatMap(({ conditions = [] }) => conditions.map(({ type, status, reason }) => `${type} ${status} ${reason}`)).join()

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
