import type { NetworkProbe, ProbeAnswer } from '#kubelet/interfaces.ts'
import type { ContainerConfig, ContainerStatus, Image, Runtime, RuntimeEvent, SandboxConfig, SandboxStatus } from '#kubelet/runtime.ts'
import { type Clock, type Instant, sleep } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Random } from '#lib/random.ts'

/** What containers of an image do. All times in milliseconds of the clock handed in. */
export interface ImageBehaviour {
  /** Not on the node yet: a pull takes `pullMs`. */
  readonly isAbsent?: boolean
  readonly pullMs?: number
  /** The runtime's message of a pull that fails; a function may let it succeed later. */
  readonly pullFails?: string | (() => string | undefined)
  /** What a start fails with. */
  readonly startFails?: string
  /** Ends by itself after this time with this code. */
  readonly exit?: { readonly afterMs: number; readonly code: number; readonly reason?: string }
  /** How long it goes on after TERM; Infinity: until KILL. */
  readonly stopMs?: number
  readonly stopCode?: number
  /** What a probe or hook by command answers, so many milliseconds after the start. */
  readonly exec?: (
    command: readonly string[],
    runMs: number,
  ) => { readonly exitCode: number; readonly output?: string; readonly takesMs?: number }
  /** What a probe over the network answers. */
  readonly serves?: (runMs: number) => boolean
  readonly uid?: number
  readonly username?: string
}

/**
 * What an image does where its name alone does not say it. `container` is absent where the image itself is meant: whether it is there, and how
 * it is fetched. Undefined: as everybody else's.
 */
export type BehaviourOf = (image: string, container?: StartedContainer) => ImageBehaviour | undefined

/** A container that is about to be made, and the pod that it is a part of. */
export interface StartedContainer {
  readonly name: string
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string }
}

/** Chances of a call to go wrong, and how late an event comes. */
export interface RuntimeFaults {
  /** That a call fails before it did anything. */
  readonly failBefore?: number
  /** That a call fails although it was done. */
  readonly failAfter?: number
  /** That an event is lost. */
  readonly loseEvent?: number
  readonly lateEventMs?: number
  /** Up to so long, each call that looks or changes something takes longer. */
  readonly slowMs?: number
  /** That a call does not answer until the caller gives it up; the coin decides whether it was done. */
  readonly hang?: number
  /** That a list leaves out one that is there. */
  readonly omit?: number
  /** That a look at a container shows it as it was a look ago. */
  readonly stale?: number
}

export interface SimulatedRuntimeOptions {
  readonly clock: Clock
  readonly random: Random
  /** By image name as a pod writes it; others run until they are stopped. */
  readonly images?: Readonly<Record<string, ImageBehaviour>>
  /** Asked about images that have no name in `images`. */
  readonly behaviour?: BehaviourOf
  faults?: RuntimeFaults
  /** Of a sandbox and of a start. */
  readonly latencyMs?: number
  /** The next address of the pod network that no sandbox has. Absent: addresses of 10.1.0.0/16. */
  readonly nextAddress?: (isTaken: (address: string) => boolean) => string
  /** Absent: always. */
  readonly hasNetwork?: () => boolean
  /** After which a caller gives a call up that hangs. */
  readonly requestTimeoutMs?: number
}

export interface SimulatedRuntime extends Runtime {
  /** Probes over the network reach the containers of this runtime by their pod's address. */
  readonly network: NetworkProbe
  /** Changes what goes wrong from now on. */
  setFaults(faults: RuntimeFaults): void
  /** Ends a container as a crash would. */
  crash(id: string, exitCode: number, reason?: string): void
  /** Forgets everything that ran, as a restart of the machine does. Images stay. */
  reboot(): void
  /** Ends all event streams with an error, as a restart of the runtime does. */
  breakEvents(): void
  /** The runtime's process ends, or is there again. What runs goes on. */
  setAway(isAway: boolean): void
  /** Every call that changed something, in order: `start main 0`. */
  readonly history: readonly string[]
  /** Containers of one name that run at this moment. */
  running(name: string): readonly string[]
  /** All containers as they are, whatever the runtime tells. */
  everything(): readonly ContainerStatus[]
}

interface SimulatedContainer extends ContainerStatus {
  readonly behaviour: ImageBehaviour
  readonly config: ContainerConfig
}

/** A container runtime without containers: it keeps CRI's promises in the clock's time, and breaks them as the faults say. */
export function createSimulatedRuntime(options: SimulatedRuntimeOptions): SimulatedRuntime {
  const { clock, random, images = {}, latencyMs = 0 } = options
  let faults = options.faults ?? {}
  let isAway = false
  const shownBefore = new Map<string, ContainerStatus>()
  const sandboxes = new Map<string, SandboxStatus>()
  const containers = new Map<string, SimulatedContainer>()
  const pulled = new Set<string>()
  const followers = new Set<{ see(event: RuntimeEvent): void; fail(error: unknown): void }>()
  const history: string[] = []
  let next = 0

  const newId = (prefix: string) => `${prefix}${(next += 1)}`
  const behaviourOf = (image: string, container?: StartedContainer): ImageBehaviour =>
    images[shortName(image)] ?? options.behaviour?.(shortName(image), container) ?? {}
  const unavailable = () => new WherryError('ServiceUnavailable', 'the container runtime does not answer')

  /** A call that changes something: slow and faulty as told. */
  async function change<T>(what: string, act: () => T, takesMs = latencyMs): Promise<T> {
    if (isAway) throw unavailable()
    if (random.next() < (faults.failBefore ?? 0)) throw unavailable()
    if (takesMs > 0) await sleep(clock, takesMs)
    if (isTroubled()) await trouble(act)
    if (isAway) throw unavailable()
    const result = act()
    history.push(what)
    if (random.next() < (faults.failAfter ?? 0)) throw unavailable()
    return result
  }

  /** A call that only looks: slow, hanging or away as told. */
  async function look<T>(act: () => T): Promise<T> {
    if (isAway) throw unavailable()
    if (isTroubled()) await trouble()
    return act()
  }

  const isTroubled = (): boolean => (faults.slowMs ?? 0) > 0 || (faults.hang ?? 0) > 0

  /** Chances are drawn only where there are any, so that what a seed did before these faults existed it does still. */
  async function trouble(act?: () => unknown): Promise<void> {
    const { slowMs = 0, hang = 0 } = faults
    if (slowMs > 0) await sleep(clock, slowMs * random.next())
    if (hang === 0 || random.next() >= hang) return
    const isDone = random.next() < 0.5
    const timeoutMs = options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS
    // It comes to its end, and nobody hears of it: shortly before the caller gives it up, or long after.
    if (isDone) clock.schedule(clock.now() + timeoutMs * (0.9 + 0.5 * random.next()), () => carryOut(act))
    await sleep(clock, timeoutMs)
    throw new WherryError('Timeout', 'context deadline exceeded')
  }

  function carryOut(act: (() => unknown) | undefined): void {
    if (isAway) return
    try {
      act?.()
    } catch {
      // There is nobody whom it could tell of its failure.
    }
  }

  /** Of a list, all; or all but one that is there. */
  function told<T>(all: readonly T[]): readonly T[] {
    const { omit = 0 } = faults
    if (omit === 0 || all.length === 0 || random.next() >= omit) return all
    const left = Math.floor(random.next() * all.length)
    return all.filter((_, index) => index !== left)
  }

  /** How a container stands; or how it stood when somebody looked last. */
  function shown(id: string): ContainerStatus {
    const now = containerOf(id)
    const { stale = 0 } = faults
    if (stale === 0) return now
    const before = shownBefore.get(id)
    shownBefore.set(id, now)
    return before !== undefined && random.next() < stale ? before : now
  }

  function emit(type: RuntimeEvent['type'], id: string): void {
    if (random.next() < (faults.loseEvent ?? 0)) return
    const late = (faults.lateEventMs ?? 0) * random.next()
    clock.schedule(clock.now() + late, () => {
      for (const follower of followers) follower.see({ type, id })
    })
  }

  const isTaken = (address: string): boolean => [...sandboxes.values()].some(({ ips }) => ips.includes(address))

  function containerOf(id: string): SimulatedContainer {
    const found = containers.get(id)
    if (found === undefined) throw new WherryError('NotFound', `container ${id}: not found`)
    return found
  }

  function sandboxOf(id: string): SandboxStatus {
    const found = sandboxes.get(id)
    if (found === undefined) throw new WherryError('NotFound', `sandbox ${id}: not found`)
    return found
  }

  function end(id: string, exitCode: number, reason?: string): void {
    const one = containers.get(id)
    if (one?.state !== 'running') return
    const why = reason ?? (exitCode === 0 ? 'Completed' : 'Error')
    containers.set(id, { ...one, state: 'exited', exitCode, reason: why, finishedAt: clock.now() })
    emit('stopped', id)
  }

  async function stop(id: string, graceSeconds: number): Promise<void> {
    const { behaviour, state } = containerOf(id)
    if (state !== 'running') return
    const killAt = clock.now() + graceSeconds * 1000
    const endsAt = clock.now() + (behaviour.stopMs ?? 0)
    await until(Math.min(killAt, endsAt))
    // Another stop may have been quicker.
    end(id, endsAt <= killAt ? (behaviour.stopCode ?? 143) : 137)
  }

  const until = (at: Instant) => (at <= clock.now() ? Promise.resolve() : sleep(clock, at - clock.now()))

  function imageOf(name: string): Image | undefined {
    const behaviour = behaviourOf(name)
    if (behaviour.isAbsent && !pulled.has(shortName(name))) return undefined
    const { uid, username } = behaviour
    const repoDigests = [`${name}@sha256:${'0'.repeat(64)}`]
    return {
      id: name,
      repoTags: [name],
      repoDigests,
      sizeBytes: 1000,
      pinned: false,
      ...(uid !== undefined && { uid }),
      ...(username && { username }),
    }
  }

  const answer = (isGood: boolean, output: string): ProbeAnswer => ({
    result: isGood ? 'success' : 'failure',
    output: isGood ? '' : output,
  })

  /** Asks whatever serves at a pod's address. */
  function reach(host: string, output: string): ProbeAnswer {
    const sandbox = [...sandboxes.values()].find(({ ready, ips }) => ready && ips.includes(host))
    const serving = [...containers.values()].filter(
      (one) => one.sandboxId === sandbox?.id && one.state === 'running' && one.behaviour.serves !== undefined,
    )
    return answer(
      serving.some((one) => one.behaviour.serves!(clock.now() - one.startedAt)),
      output,
    )
  }

  const labelled = <T extends { readonly labels: Readonly<Record<string, string>> }>(all: Iterable<T>, podUid: string | undefined): T[] =>
    [...all].filter(({ labels }) => podUid === undefined || labels['io.kubernetes.pod.uid'] === podUid)

  return {
    version: () => look(() => ({ name: 'containerd', version: '1.6.20' })),
    status: () =>
      look(() => {
        const networkReady = options.hasNetwork?.() ?? true
        return { runtimeReady: true, networkReady, message: networkReady ? '' : 'cni plugin not initialized', handlers: [], features }
      }),
    cgroupDriver: async () => undefined,
    updatePodCidr: async () => {},

    runSandbox: (config: SandboxConfig) =>
      change(`sandbox ${config.metadata.name} ${config.metadata.attempt}`, () => {
        const { uid, attempt } = config.metadata
        refuseTaken(
          [...sandboxes.values()].find((one) => one.metadata.uid === uid && one.metadata.attempt === attempt),
          `sandbox name "${config.metadata.name}_${uid}_${attempt}"`,
        )
        const id = newId('s')
        const ips = config.security.network === 'node' ? [] : [options.nextAddress?.(isTaken) ?? `10.1.${next >> 8}.${next & 255}`]
        const { metadata, labels, annotations } = config
        sandboxes.set(id, { id, metadata, ready: true, createdAt: clock.now(), labels, annotations, ips })
        emit('started', id)
        return id
      }),
    stopSandbox: (id) =>
      change(`stop sandbox`, () => {
        const one = sandboxes.get(id)
        if (one === undefined || !one.ready) return
        for (const inside of containers.values()) if (inside.sandboxId === id) end(inside.id, 137)
        sandboxes.set(id, { ...one, ready: false, ips: [] })
        emit('stopped', id)
      }),
    removeSandbox: (id) =>
      change(`remove sandbox`, () => {
        if (sandboxes.delete(id)) emit('deleted', id)
        for (const inside of [...containers.values()]) if (inside.sandboxId === id) containers.delete(inside.id)
      }),
    sandboxes: (filter) => look(() => told(labelled(sandboxes.values(), filter?.podUid))),
    sandboxStatus: (id) => look(() => sandboxOf(id)),
    updateSandboxResources: (id) => change(`update sandbox`, () => void sandboxOf(id)),

    createContainer: (sandboxId, config) =>
      change(`create ${config.metadata.name} ${config.metadata.attempt}`, () => {
        const { ready, metadata: pod } = sandboxOf(sandboxId)
        if (!ready) throw new WherryError('InternalError', `sandbox ${sandboxId} is not ready`)
        const { name, attempt } = config.metadata
        refuseTaken(
          [...containers.values()].find(
            (one) =>
              one.config.labels['io.kubernetes.pod.uid'] === pod.uid && one.metadata.name === name && one.metadata.attempt === attempt,
          ),
          `container name "${name}_${pod.name}_${pod.uid}_${attempt}"`,
        )
        const id = newId('c')
        const { metadata, labels, annotations } = config
        containers.set(id, {
          id,
          sandboxId,
          metadata,
          image: config.image,
          imageId: config.image,
          state: 'created',
          createdAt: clock.now(),
          labels,
          annotations,
          startedAt: 0,
          finishedAt: 0,
          exitCode: 0,
          reason: '',
          message: '',
          logPath: config.logPath,
          behaviour: behaviourOf(config.userImage, { name: metadata.name, pod }),
          config,
        })
        emit('created', id)
        return id
      }),
    async startContainer(id) {
      if (isAway) throw unavailable()
      const { name, attempt } = containerOf(id).metadata
      await change(`start ${name} ${attempt}`, () => {
        const one = containerOf(id)
        if (one.behaviour.startFails !== undefined) {
          const message = one.behaviour.startFails
          containers.set(id, { ...one, state: 'exited', exitCode: 128, reason: 'StartError', message, finishedAt: clock.now() })
          throw new WherryError('InternalError', message)
        }
        containers.set(id, { ...one, state: 'running', startedAt: clock.now() })
        emit('started', id)
        const { exit } = one.behaviour
        if (exit !== undefined) clock.schedule(clock.now() + exit.afterMs, () => end(id, exit.code, exit.reason))
      })
    },
    async stopContainer(id, graceSeconds) {
      if (isAway) throw unavailable()
      await change(`stop ${containerOf(id).metadata.name} ${graceSeconds}`, () => {}, 0)
      await stop(id, graceSeconds)
    },
    removeContainer: (id) =>
      change(`remove ${containers.get(id)?.metadata.name ?? id}`, () => {
        shownBefore.delete(id)
        if (containers.delete(id)) emit('deleted', id)
      }),
    containers: (filter) => look(() => told(labelled(containers.values(), filter?.podUid))),
    containerStatus: (id) => look(() => shown(id)),
    updateContainerResources: (id) => change(`update ${id}`, () => {}),
    checkpointContainer: (id) => change(`checkpoint ${containerOf(id).metadata.name}`, () => {}),
    reopenLog: (id) => change(`reopen ${id}`, () => {}),

    async execSync(id, command, timeoutMs) {
      if (isAway) throw unavailable()
      const { behaviour, startedAt, state } = containerOf(id)
      if (state !== 'running') throw new WherryError('InternalError', `container ${id} is not running`)
      const { exitCode, output = '', takesMs = 0 } = behaviour.exec?.(command, clock.now() - startedAt) ?? { exitCode: 0 }
      if (timeoutMs > 0 && takesMs > timeoutMs) {
        await sleep(clock, timeoutMs)
        throw new WherryError('Timeout', `timeout ${timeoutMs} ms exceeded`)
      }
      if (takesMs > 0) await sleep(clock, takesMs)
      history.push(`exec ${command.join(' ')}`)
      return { exitCode, stdout: Buffer.from(output), stderr: new Uint8Array() }
    },
    exec: async ({ containerId }) => `http://simulated/exec/${containerOf(containerId).id}`,
    attach: async ({ containerId }) => `http://simulated/attach/${containerOf(containerId).id}`,
    portForward: async (id) => `http://simulated/port-forward/${sandboxOf(id).id}`,

    images: () => look(() => Object.keys(images).flatMap((name) => imageOf(name) ?? [])),
    imageStatus: (name) => look(() => imageOf(name)),
    pullImage: (name) =>
      change(
        `pull ${shortName(name)}`,
        () => {
          const { pullFails } = behaviourOf(name)
          const message = typeof pullFails === 'function' ? pullFails() : pullFails
          if (message !== undefined) throw new WherryError('InternalError', message)
          pulled.add(shortName(name))
          return name
        },
        behaviourOf(name).pullMs ?? 0,
      ),
    removeImage: (name) => change(`remove image ${shortName(name)}`, () => void pulled.delete(shortName(name))),
    imageFsUsage: async () => [],
    containerFsUsage: async () => [],
    containerStats: async () => [],
    sandboxStats: async () => [],

    async *events(signal) {
      if (isAway) throw unavailable()
      const queue: RuntimeEvent[] = []
      let wake = Promise.withResolvers<void>()
      let failure: { readonly error: unknown } | undefined
      const follower = {
        see(event: RuntimeEvent) {
          queue.push(event)
          wake.resolve()
        },
        fail(error: unknown) {
          failure = { error }
          wake.resolve()
        },
      }
      const stopped = () => wake.resolve()
      followers.add(follower)
      signal.addEventListener('abort', stopped, { once: true })
      try {
        while (!signal.aborted) {
          if (failure !== undefined) throw failure.error
          const event = queue.shift()
          if (event !== undefined) {
            yield event
            continue
          }
          wake = Promise.withResolvers()
          await wake.promise
        }
      } finally {
        followers.delete(follower)
        signal.removeEventListener('abort', stopped)
      }
    },

    network: {
      http: async ({ url }) => reach(new URL(url).hostname, 'HTTP probe failed with statuscode: 500'),
      tcp: async (host, port) => reach(host, `dial tcp ${host}:${port}: connect: connection refused`),
      grpc: async (host) => reach(host, 'service unhealthy (responded with "NOT_SERVING")'),
    },
    setFaults: (changed) => void (faults = changed),
    crash: end,
    reboot() {
      sandboxes.clear()
      containers.clear()
      history.push('reboot')
      this.breakEvents()
    },
    breakEvents() {
      for (const follower of followers) follower.fail(unavailable())
    },
    setAway(away) {
      isAway = away
      if (away) this.breakEvents()
    },
    history,
    everything: () => [...containers.values()],
    running: (name) => [...containers.values()].filter((one) => one.metadata.name === name && one.state === 'running').map(({ id }) => id),
  }
}

/** Of the reference's `runtimeRequestTimeout`, which every runtime of ours has too. */
const REQUEST_TIMEOUT_MS = 2 * 60_000

/** No runtime makes a second one of the same name: it keeps names until what has them is removed. */
function refuseTaken(existing: { readonly id: string } | undefined, what: string): void {
  if (existing !== undefined) throw new WherryError('InternalError', `failed to reserve ${what}: name is reserved for "${existing.id}"`)
}

/** As containerd 1.6 has them. */
const features = { supplementalGroupsPolicy: false, userNamespacesHostNetwork: false }

/** As pods write it: without Docker Hub's prefix and the default tag. */
const shortName = (name: string): string => name.replace(/^docker\.io\/(library\/)?/, '').replace(/:latest$/, '')
