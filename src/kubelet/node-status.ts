import { Node } from '#api/core/v1/node.ts'
import type { NodeStatus } from '#api/core/v1/types.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { compareResourceVersions } from '#client/resource-version.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, type Instant, sleep } from '#lib/clock.ts'
import { isError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { deepEqual } from '#schema/fields.ts'
import type { KubeletConfig } from './config.ts'
import type { EventSink, MachineFacts, NodeFacts } from './interfaces.ts'
import { LEASE_PERIOD_MS, renewLease } from './node-lease.ts'
import { allocatable, type NodeFactsView, nodeLabels, nodeStatus, withoutHeartbeat } from './node-object.ts'
import type { Runtime } from './runtime.ts'

export interface NodeStatusOptions {
  readonly config: KubeletConfig
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly runtime: Pick<Runtime, 'status' | 'version' | 'images'>
  readonly facts: NodeFacts
  readonly events: EventSink
}

/** Keeps the Node object: registers it, tells what changes, and says every ten seconds that the node lives. */
export interface NodeReporter {
  /** Resolves when the Node is registered and its first status written. */
  start(): Promise<void>
  stop(): Promise<void>
  /** The runtime went or came back: look at once. */
  runtimeChanged(): void
  allocatable(): Readonly<Record<string, string>>
  /** The Node object as last seen; undefined before it is registered. */
  node(): Node | undefined
}

export function createNodeStatus(options: NodeStatusOptions): NodeReporter {
  const { config, client, clock, random, log, runtime, facts } = options
  const stopping = new AbortController()
  let machine: MachineFacts | undefined
  let node: Node | undefined
  let writtenAt: Instant = -Infinity
  let wasReady: boolean | undefined
  let forgetLook = () => {}
  let forgetRenewal = () => {}
  let looking: Promise<void> | undefined
  let informer: Informer<Node> | undefined

  /** Registers the node, or takes over the one that is there: labels of ours are set, everything else is kept. */
  async function register(view: NodeFactsView): Promise<Node> {
    const labels = nodeLabels(view)
    try {
      const existing = await client.get(Node, config.nodeName)
      const isLabelled = Object.entries(labels).every(([key, value]) => existing.metadata.labels?.[key] === value)
      return isLabelled ? existing : await client.patch(Node, config.nodeName, { type: 'merge', body: { metadata: { labels } } })
    } catch (error) {
      if (!isError(error, 'NotFound')) throw error
    }
    const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' }
    const spec = {
      ...(config.taints.length > 0 && { taints: config.taints }),
      ...(config.podCidr !== undefined && { podCIDR: config.podCidr, podCIDRs: [config.podCidr] }),
    }
    return client.create(Node, { metadata: { name: config.nodeName, labels, annotations }, spec, status: nodeStatus(view, undefined) })
  }

  async function look(): Promise<NodeFactsView> {
    machine = await facts.read()
    const found = await Promise.allSettled([runtime.status(), runtime.version(), runtime.images()])
    const [status, version, images] = found
    const notReady =
      status.status === 'rejected'
        ? `container runtime is down: ${messageOf(status.reason)}`
        : !status.value.runtimeReady
          ? `container runtime status check may not have completed yet: ${status.value.message}`
          : status.value.networkReady
            ? ''
            : `container runtime network not ready: ${status.value.message}`
    const former = node?.status?.nodeInfo.containerRuntimeVersion.split('://')
    return {
      now: clock.now(),
      config,
      machine,
      notReady,
      runtime: version.status === 'fulfilled' ? version.value : { name: former?.[0] ?? '', version: former?.[1] ?? '' },
      images: images.status === 'fulfilled' ? images.value : [],
    }
  }

  /** Writes the status if it changed, or if it is time to show that it still holds. */
  async function report(): Promise<void> {
    const view = await look()
    node ??= await register(view)
    const previous = node.status
    const status = nodeStatus(view, previous)
    const isReady = view.notReady === ''
    if (wasReady !== undefined && wasReady !== isReady) {
      const reason = isReady ? 'NodeReady' : 'NodeNotReady'
      options.events.record({ regarding: node, type: 'Normal', reason, message: `Node ${config.nodeName} status is now: ${reason}` })
    }
    wasReady = isReady
    const isDue = view.now - writtenAt >= REPORT_MS
    if (isDue || !deepEqual(withoutHeartbeat(previous), withoutHeartbeat(status))) await write(status, previous)
    again(isReady ? REPORT_MS : NOT_READY_MS)
  }

  async function write(status: NodeStatus, previous: NodeStatus | undefined): Promise<void> {
    const changes: Record<string, unknown> = {}
    for (const [field, value] of Object.entries(status)) {
      const former = previous?.[field as keyof NodeStatus]
      if (deepEqual(former, value)) continue
      // Addresses are merged by their type, of which a node with two families has one twice: they are replaced whole.
      changes[field] = field === 'addresses' ? [...(value as object[]), { $patch: 'replace' }] : value
    }
    try {
      take(await client.patch(Node, config.nodeName, { type: 'strategic', body: { status: changes } }, { subresource: 'status' }))
    } catch (error) {
      // Somebody deleted the Node: it is registered anew by the next look.
      if (isError(error, 'NotFound')) node = undefined
      throw error
    }
    writtenAt = clock.now()
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
    if (!take(present) || deepEqual(withoutHeartbeat(before?.status), withoutHeartbeat(present.status))) return
    // Should somebody insist on another opinion, the two of us may not go round in circles.
    if (clock.now() - writtenAt < INSIST_MS) again(INSIST_MS)
    else lookNow()
  }

  /** One look after another; one asked for during a look follows it. */
  function lookNow(attempt = 0): void {
    if (stopping.signal.aborted) return
    forgetLook()
    looking = (looking ?? Promise.resolve()).then(report).catch((error: unknown) => {
      if (stopping.signal.aborted) return
      log.warn('the node status could not be written', { error })
      forgetLook = clock.schedule(clock.now() + backoff(retry, attempt, random), () => lookNow(attempt + 1))
    })
  }

  function again(afterMs: number): void {
    if (stopping.signal.aborted) return
    forgetLook()
    forgetLook = clock.schedule(clock.now() + afterMs * (1 + 0.04 * (random.next() - 0.5)), () => lookNow())
  }

  function renewLater(afterMs: number, attempt: number): void {
    forgetRenewal = clock.schedule(clock.now() + afterMs, async () => {
      try {
        if (node !== undefined) await renewLease(client, clock, node.metadata)
        if (!stopping.signal.aborted) renewLater(LEASE_PERIOD_MS, 0)
      } catch (error) {
        if (stopping.signal.aborted) return
        log.warn('the node lease could not be renewed', { error })
        renewLater(Math.min(backoff(retry, attempt, random), LEASE_PERIOD_MS), attempt + 1)
      }
    })
  }

  return {
    async start() {
      for (let attempt = 0; ; attempt += 1) {
        try {
          await report()
          break
        } catch (error) {
          stopping.signal.throwIfAborted()
          log.warn('the node could not be registered', { error })
          await sleep(clock, backoff(retry, attempt, random), stopping.signal)
        }
      }
      options.events.record({ regarding: node!, type: 'Normal', reason: 'Starting', message: 'Starting kubelet.' })
      renewLater(0, 0)
      informer = createInformer(client, Node, {
        clock,
        random: random.fork('watch'),
        log,
        fieldSelector: `metadata.name=${config.nodeName}`,
      })
      informer.onChange((present, _, change) => seen(present, change))
    },
    async stop() {
      stopping.abort(new Error('the kubelet stops'))
      forgetLook()
      forgetRenewal()
      await Promise.all([looking, informer?.close()])
    },
    runtimeChanged: () => lookNow(),
    allocatable: () => (machine === undefined ? {} : allocatable({ machine, config })),
    node: () => node,
  }
}

/** The reference's `nodeStatusReportFrequency`. */
const REPORT_MS = 5 * 60_000
/** While something is amiss, how soon to see whether it passed. */
const NOT_READY_MS = 2_000
/** Least time between two writes of the status that only say the same again. */
const INSIST_MS = 1_000
const retry: BackoffOptions = { initialMs: 200, factor: 2, maxMs: 7_000, jitter: 0.5 }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
