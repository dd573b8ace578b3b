import { ConfigMap } from '#api/core/v1/config-map.ts'
import { Node } from '#api/core/v1/node.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Secret } from '#api/core/v1/secret.ts'
import { Service } from '#api/core/v1/service.ts'
import type { Client } from '#client/client.ts'
import { createInformer, type Informer } from '#client/informer.ts'
import { type BackoffOptions, backoff } from '#lib/backoff.ts'
import { type Clock, sleep } from '#lib/clock.ts'
import { isError, WherryError } from '#lib/errors.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import type { KubeletConfig } from './config.ts'
import type { References } from './container/environment.ts'
import { createImagePuller, type ImagePuller } from './image/image-puller.ts'
import type {
  CgroupManager,
  EventSink,
  Files,
  KubeletObserver,
  LogManager,
  MachineFacts,
  NetworkProbe,
  NodeFacts,
  NodeSource,
  PodAdmitter,
  PodLookup,
  PodNetwork,
  PodSource,
  ResourceManager,
  VolumeManager,
} from './interfaces.ts'
import { createNodeStatus } from './node-status.ts'
import { type Admission, createAdmission } from './pod/admission/admission.ts'
import { idsOfPods, idUnit } from './pod/id-range.ts'
import { podUidLabel } from './pod/names.ts'
import { orphanPod } from './pod/orphan.ts'
import type { PodContext } from './pod/pod-context.ts'
import { fromApi, isMirrorPod, isStaticPod } from './pod/pod-source.ts'
import { createPodWorker, type PodWorker } from './pod/pod-worker.ts'
import { createStaticPods } from './pod/static-pods.ts'
import { createStatusWriter } from './pod/status-writer.ts'
import { DEFAULT_GRACE_SECONDS } from './pod/steps.ts'
import { createUserNamespaces } from './pod/user-namespaces.ts'
import { nodeResources } from './resources/node-resources.ts'
import { refusalOfResize } from './resources/resize-rules.ts'
import { createResizes } from './resources/resizes.ts'
import type { Container, Runtime, Sandbox } from './runtime.ts'
import { createNodeDns } from './sandbox/node-dns.ts'
import type { NodeTracer } from './tracing/node-tracer.ts'

export interface KubeletOptions {
  readonly config: KubeletConfig
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly runtime: Runtime
  readonly volumes: VolumeManager
  readonly cgroups: CgroupManager
  readonly logs: LogManager
  readonly files: Files
  readonly network: NetworkProbe
  /** Asked before the first container of each pod that has addresses of its own. Absent: nothing has to be known of them. */
  readonly podNetwork?: PodNetwork
  readonly events: EventSink
  readonly facts: NodeFacts
  /** Absent: images are pulled with the secrets of pods alone, and what is there is for everybody. */
  readonly images?: ImagePuller
  /** Handler of a RuntimeClass; throws `NotFound`. Absent: pods that name a class do not start. */
  readonly runtimeHandler?: (runtimeClass: string) => Promise<string>
  /** Hears of what is done, for metrics. */
  readonly observer?: KubeletObserver
  /** Absent: nothing is traced. */
  readonly tracer?: NodeTracer
  /** Asked in order, each in its place among the node's own rules. */
  readonly admitters?: readonly PodAdmitter[]
  readonly resourceManagers?: readonly ResourceManager[]
  readonly nodeSources?: readonly NodeSource[]
  /** Beside the API server. */
  readonly podSources?: readonly PodSource[]
  /** Pods queue to be started: what only says that one is still to start can wait a moment. */
  readonly isCrowded?: () => boolean
}

/** The node agent: runs the pods that are bound to its node, and tells the API server of them and of the node. */
export interface Kubelet {
  /**
   * Resolves once the node is registered and every pod of this node has been looked at. Static pods run before, should the API server be away;
   * pods of its that run go on.
   */
  start(): Promise<void>
  /** Ends all following and writing. Every container runs on. */
  stop(): Promise<void>
  readonly pods: PodLookup
  /** Something that a pod waits for outside of the runtime may be there now, such as a ConfigMap: what failed is tried at once. */
  look(uid: string): void
  /** What the node can give to pods. Empty before the start. */
  allocatable(): Readonly<Record<string, string>>
  /** A part of the agent says otherwise of the node now: a look at it. */
  nodeChanged(): void
}

export function createKubelet(options: KubeletOptions): Kubelet {
  const { config, client, clock, random, log, runtime, facts } = options
  const work = options.observer?.work
  const workers = new Map<string, PodWorker>()
  /** Which pod a container or sandbox belongs to. */
  const owners = new Map<string, string>()
  const owned = new Map<string, readonly string[]>()
  /** Ends that were told of before anybody knew whose they are: those of containers that end while they are being started. */
  const early = new Set<string>()
  const listeners = new Set<(uid: string) => void>()
  const stopping = new AbortController()
  const following: Promise<void>[] = []
  let machine: MachineFacts | undefined
  let admission: Admission | undefined
  let runtimeName = 'containerd'
  let podInformer: Informer<Pod> | undefined
  let serviceInformer: Informer<Service> | undefined
  let arePodsSeen = false
  let forgetRelist = () => {}

  const nodeStatus = createNodeStatus({
    ...options,
    random: random.fork('node'),
    onRegistered: () => statics.nodeRegistered(),
    onNetworkChange: lookAtAll,
  })
  const statuses = createStatusWriter({
    client,
    clock,
    random: random.fork('status'),
    log,
    onWritten: (uid) => workers.get(uid)?.look(),
    ...(options.isCrowded && { isCrowded: options.isCrowded }),
    ...(work && { onSynced: work.statusWritten }),
  })
  const references: References = {
    configMap: (name, namespace) => orMissing(client.get(ConfigMap, name, namespace)),
    secret: (name, namespace) => orMissing(client.get(Secret, name, namespace)),
    async services(namespace, isStatic) {
      if (!isStatic) await serviceInformer!.synced()
      const kubernetes = serviceInformer!.get('kubernetes', 'default')
      const own = serviceInformer!.list(namespace)
      return kubernetes === undefined ? own : [kubernetes, ...own]
    },
  }
  const resourceManagers = options.resourceManagers ?? []
  const active = () => [...workers.values()].filter((worker) => worker.isActive).map((worker) => worker.pod)
  const resourcesHere = () => nodeResources(machine!, options.cgroups.traits, config.configuration)
  const resizes = createResizes({
    directory: `${config.rootDirectory}/allocations`,
    files: options.files,
    clock,
    log,
    events: options.events,
    refusal: (wanted, allocated) =>
      refusalOfResize(wanted, allocated, {
        node: resourcesHere(),
        allocatable: nodeStatus.allocatable(),
        others: active(),
        object: nodeStatus.presumed(),
        ...(options.admitters && { admitters: options.admitters }),
      }),
    onAllocated: (pod) => workers.get(pod.metadata.uid)?.update(pod),
    onChange: (uid) => workers.get(uid)?.look(),
    ...(options.observer?.resizes && { observer: options.observer.resizes }),
  })
  const idsPerPod = config.configuration?.userNamespaces?.idsPerPod ?? idUnit
  const { rootDirectory, nodeName } = config
  const userNamespaces = createUserNamespaces({ files: options.files, rootDirectory, idsPerPod, nodeName })
  const context: PodContext = {
    ...options,
    random: random.fork('pods'),
    images: options.images ?? createImagePuller({ runtime, clock }),
    statuses,
    references,
    shownAs: (pod) => (isStaticPod(pod) ? statics.mirrorOf(pod) : pod),
    resizes,
    resourceManagers,
    userNamespaces,
    nodeDns: createNodeDns(options.files, clock, config.resolvConf),
    networkProblem: () => nodeStatus.networkProblem(),
    handlerFeatures(handler) {
      const found = nodeStatus.node()?.status?.runtimeHandlers?.find(({ name = '' }) => name === handler)?.features
      return { userNamespaces: found?.userNamespaces === true, recursiveReadOnlyMounts: found?.recursiveReadOnlyMounts === true }
    },
    node() {
      if (machine === undefined) throw new WherryError('ServiceUnavailable', 'the kubelet has not started')
      return {
        addresses: machine.addresses,
        resources: resourcesHere(),
        runtimeName,
        // Only for who asks: every look at a pod asks for the node, and hardly one for this.
        get allocatable() {
          return nodeStatus.allocatable()
        },
        resourceStatus,
      }
    },
    async runtimeHandler(pod) {
      const name = pod.spec.runtimeClassName
      if (!name) return ''
      if (options.runtimeHandler === undefined)
        throw new WherryError('NotFound', `failed to get RuntimeClass "${name}": this node serves none`)
      return options.runtimeHandler(name)
    },
  }

  /** Pods that left a sandbox before this start. */
  let left: ReadonlySet<string | undefined> = new Set()
  const statics = createStaticPods({
    sources: options.podSources ?? [],
    client,
    clock,
    random: random.fork('mirrors'),
    log,
    node: () => nodeStatus.node(),
    run: (pod) => addWorker(resizes.seen(pod), left.has(pod.metadata.uid)).look(),
    end(uid) {
      const worker = workers.get(uid)
      if (worker === undefined) return
      // Its manifest is gone, which is as polite as a deletion.
      const deletionGracePeriodSeconds = worker.pod.spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS
      worker.remove({ ...worker.pod, metadata: { ...worker.pod.metadata, deletionGracePeriodSeconds } })
    },
    changed: (uid) => workers.get(uid)?.look(),
  })

  function podSeen(pod: Pod, change: 'added' | 'modified' | 'deleted'): void {
    if (isMirrorPod(pod)) {
      if (change === 'deleted') statuses.forget(pod.metadata.uid)
      statics.mirrorSeen(pod, change === 'deleted')
      return
    }
    const worker = workers.get(pod.metadata.uid)
    if (change === 'deleted') worker?.remove(pod)
    else if (worker === undefined) addWorker(resizes.seen(fromApi(pod)), left.has(pod.metadata.uid)).look()
    else worker.update(resizes.seen(fromApi(pod)))
  }

  const resourceStatus = (pod: Pod, container: string) => resourceManagers.flatMap((manager) => manager.status?.(pod, container) ?? [])

  /** `hasRun`: a former kubelet took it. */
  function addWorker(pod: Pod, hasRun: boolean): PodWorker {
    const { uid } = pod.metadata
    const current = () => {
      const worker = workers.get(uid)
      return worker?.isEnding === false ? worker.pod : undefined
    }
    const worker = createPodWorker({
      context,
      pod,
      admitted: admission!.admit(current, hasRun),
      onIds(ids) {
        for (const id of owned.get(uid) ?? []) owners.delete(id)
        for (const id of ids) owners.set(id, uid)
        owned.set(uid, ids)
        for (const id of ids) if (early.delete(id)) workers.get(uid)?.changed(id, 'stopped')
      },
      onChange() {
        notify(uid)
        resizes.retry()
      },
      onForgotten() {
        for (const id of owned.get(uid) ?? []) owners.delete(id)
        owned.delete(uid)
        workers.delete(uid)
        resizes.forget(uid)
        statics.ended(uid)
        if (workers.has(uid)) work?.staticPodRestarted()
        notify(uid)
      },
    })
    workers.set(uid, worker)
    return worker
  }

  function notify(uid: string): void {
    for (const listener of listeners) listener(uid)
  }

  const makeAdmission = (machine: MachineFacts): Admission =>
    createAdmission({
      clock,
      log,
      events: options.events,
      admitters: options.admitters ?? [],
      resourceManagers,
      allowedUnsafeSysctls: config.configuration?.allowedUnsafeSysctls ?? [],
      kernelVersion: machine.kernelVersion,
      appArmorMissing: machine.appArmor === false ? 'AppArmor is not enabled on the host' : undefined,
      node: () => ({ node: nodeStatus.presumed(), allocatable: nodeStatus.allocatable() }),
      // Before it is registered, nobody can have labelled it.
      freshNode: async () => (nodeStatus.node() === undefined ? nodeStatus.presumed()! : client.get(Node, config.nodeName)),
      others: active,
      kill: async ({ metadata }, how) => workers.get(metadata.uid)?.end(how),
      ...(options.observer && { onRefused: options.observer.rejected }),
      ...(options.observer?.preempted && { onPreempted: options.observer.preempted }),
    })

  /** Ends a following when the kubelet does. */
  const untilStopped = (end: () => void): Promise<void> =>
    new Promise((resolve) => {
      stopping.signal.addEventListener('abort', () => {
        end()
        resolve()
      })
    })

  /** Pods of which something is left here, but no object: all that they left goes. */
  async function clearOrphans(sandboxes: readonly Sandbox[], containers: readonly Container[]): Promise<void> {
    const [volumes, groups] = await Promise.all([options.volumes.known(), options.cgroups.known()])
    const traces = [...sandboxes, ...containers].filter(({ labels }) => labels[podUidLabel] !== undefined)
    const uids = new Set([...traces.map(({ labels }) => labels[podUidLabel]!), ...volumes, ...groups])
    for (const uid of uids) {
      if (workers.has(uid)) continue
      log.info('clearing up after a pod that is gone', { uid })
      const trace = traces.find(({ labels }) => labels[podUidLabel] === uid)
      if (trace !== undefined) work?.orphanFound()
      addWorker(
        orphanPod(
          uid,
          trace?.labels ?? {},
          containers.filter(({ labels }) => labels[podUidLabel] === uid),
        ),
        true,
      ).remove()
    }
  }

  /** The runtime's events, for ever. After a break everything is listed anew, for nobody knows what was missed. */
  async function followRuntime(): Promise<void> {
    for (let attempt = 0; !stopping.signal.aborted; attempt += 1) {
      // No runtime says from when on it tells. A while later it does, and what happened before then shows in a list.
      const forget = clock.schedule(clock.now() + SUBSCRIBED_MS, relistAll)
      try {
        for await (const { id, type } of runtime.events(stopping.signal)) {
          attempt = 0
          work?.runtimeHeard()
          const uid = owners.get(id)
          if (uid !== undefined) workers.get(uid)?.changed(id, type)
          else if (type === 'stopped') {
            // Others are of pods that were forgotten meanwhile.
            if (early.size >= EARLY_MAX) early.delete(early.values().next().value!)
            early.add(id)
          }
        }
      } catch (error) {
        if (!stopping.signal.aborted) log.warn('the events of the container runtime broke off', { error })
      }
      forget()
      if (stopping.signal.aborted) return
      nodeStatus.runtimeChanged()
      await sleep(clock, backoff(reconnect, attempt, random), stopping.signal).catch(ignoreAbort)
      relistAll()
    }
  }

  function lookAtAll(): void {
    for (const worker of workers.values()) worker.look()
  }

  function relistAll(): void {
    const ended = work?.relistBegins()
    void Promise.all([...workers.values()].map((worker) => worker.relist())).then(ended)
    // A sandbox may come to be after its pod was forgotten, by a call that was given up.
    if (arePodsSeen) void clearLateOrphans()
  }

  async function clearLateOrphans(): Promise<void> {
    try {
      const [sandboxes, containers] = await Promise.all([runtime.sandboxes(), runtime.containers()])
      await clearOrphans(sandboxes, containers)
    } catch (error) {
      log.warn('what pods that are gone may have left could not be looked for', { error })
    }
  }

  /** The safety net under the events: rare, so that it costs nothing, and spread by chance. */
  function relistLater(): void {
    forgetRelist = clock.schedule(clock.now() + RELIST_MS * (0.75 + 0.5 * random.next()), () => {
      relistAll()
      relistLater()
    })
  }

  return {
    async start() {
      machine = await facts.read()
      const ids = idsOfPods(machine.subordinateIds, { idsPerPod, maxPods: config.maxPods })
      await Promise.all([options.cgroups.ensureTree(), resizes.load(), userNamespaces.load(ids)])
      const selection = { clock, random: random.fork('watch'), log }
      podInformer = createInformer(client, Pod, { ...selection, fieldSelector: `spec.nodeName=${config.nodeName}` })
      serviceInformer = createInformer(client, Service, selection)
      const node = nodeStatus.start()
      const known = Promise.all([node.registered, podInformer.synced()])
      // Awaited below, and maybe not before it rejects.
      known.catch(() => {})
      await node.looked
      runtimeName = (await untilThere(() => runtime.version())).name
      following.push(followRuntime())
      admission = makeAdmission(machine)
      // Before the pods: what is there now and has no pod later has none for good.
      const [sandboxes, containers] = await untilThere(() => Promise.all([runtime.sandboxes(), runtime.containers()]))
      left = new Set(sandboxes.map(({ labels }) => labels[podUidLabel]))
      for (const manager of resourceManagers)
        if (manager.onChange !== undefined) following.push(untilStopped(manager.onChange((uid) => workers.get(uid)?.look())))
      // An API server that is there shows the mirrors of static pods first, for what they say still holds. One that runs in such a pod is waited
      // for no longer than it takes to see that it is not there.
      await unlessLate(Promise.race([known, node.tried.then((isRegistered) => (isRegistered ? known : undefined))]), ALONE_MS)
      for (const mirror of podInformer.list().filter(isMirrorPod)) podSeen(mirror, 'added')
      await statics.load()
      relistLater()
      await known
      for (const pod of podInformer.list().toSorted(byCreation)) podSeen(pod, 'added')
      arePodsSeen = true
      podInformer.onChange((pod, _, change) => podSeen(pod, change))
      // Only now: a pod that was not seen yet is no orphan.
      await clearOrphans(sandboxes, containers)
      // Whoever was here before comes first: only then is it known what is left.
      void admission.settled().then(() => resizes.open(new Set(workers.keys())))
    },
    async stop() {
      stopping.abort(new Error('the kubelet stops'))
      forgetRelist()
      for (const worker of workers.values()) worker.close()
      statuses.close()
      statics.close()
      await Promise.all([podInformer?.close(), serviceInformer?.close(), nodeStatus.stop(), resizes.close(), ...following])
    },
    look: (uid) => workers.get(uid)?.retry(),
    allocatable: () => nodeStatus.allocatable(),
    nodeChanged: () => nodeStatus.runtimeChanged(),
    pods: {
      list: () => [...workers.values()].map((worker) => worker.record()),
      get(namespace, name) {
        const found = [...workers.values()].filter(({ pod: { metadata } }) => metadata.name === name && metadata.namespace === namespace)
        // Of two with one name the older is on its way out.
        const [newest] = found.toSorted((a, b) => (a.pod.metadata.creationTimestamp < b.pod.metadata.creationTimestamp ? 1 : -1))
        return newest?.record()
      },
      byUid: (uid) => workers.get(uid)?.record(),
      isComplete: () => arePodsSeen,
      onChange(listener) {
        listeners.add(listener)
        return () => listeners.delete(listener)
      },
      async killPod(uid, how) {
        await workers.get(uid)?.end(how)
      },
    },
  }

  async function unlessLate(awaited: Promise<unknown>, afterMs: number): Promise<void> {
    const late = Promise.withResolvers<void>()
    const forget = clock.schedule(clock.now() + afterMs, late.resolve)
    await Promise.race([awaited, late.promise]).finally(forget)
  }

  /** The runtime may come up after us. */
  async function untilThere<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await call()
      } catch (error) {
        if (!isError(error, 'ServiceUnavailable', 'Timeout')) throw error
        log.warn('the container runtime does not answer', { error })
        await sleep(clock, backoff(reconnect, attempt, random), stopping.signal)
      }
    }
  }
}

/** The older ones first: they were promised their place before. */
const byCreation = (a: Pod, b: Pod): number =>
  a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) || a.metadata.name.localeCompare(b.metadata.name)

/** How long static pods wait for an API server that takes its time. */
const ALONE_MS = 5_000
const RELIST_MS = 5 * 60_000
const SUBSCRIBED_MS = 1_000
const EARLY_MAX = 256
const reconnect: BackoffOptions = { initialMs: 50, factor: 2, maxMs: 5_000, jitter: 0.5 }

/** A wait that was called off has done its duty. */
const ignoreAbort = (): void => {}

async function orMissing<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call
  } catch (error) {
    if (isError(error, 'NotFound')) return undefined
    throw error
  }
}
