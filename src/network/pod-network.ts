import { backoff } from '#lib/backoff.ts'
import type { Clock } from '#lib/clock.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { cniConfig } from './cni-config.ts'
import type { ServiceDevice } from './host.ts'
import { concerns } from './routes/concerns.ts'
import { type DesiredNetwork, desiredNetwork, deviceWith, type NetworkProblem, type PodNetworkMode } from './routes/desired-network.ts'
import { networkCommands } from './routes/network-commands.ts'
import type { PresentNetwork } from './routes/network-state.ts'
import type { NodeNetwork, NodeNetworks } from './routes/node-networks.ts'
import { remembered } from './routes/remembered.ts'
import type { RouteHost } from './routes/route-host.ts'
import { serviceDeviceLines } from './routes/service-device.ts'
import type { ServiceRanges } from './routes/service-ranges.ts'

/** What the pods' own network of one node is made from. */
export interface PodNetworkOptions {
  readonly host: RouteHost
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly mode: PodNetworkMode
  readonly nodeName: string
  /** This node's own, the primary one first. */
  readonly nodeAddresses: readonly string[]
  readonly nodeNetworks: NodeNetworks
  readonly names: { readonly vxlan: string; readonly bridge: string }
  /** Resolves when rules are there that let no loopback address of this machine be reached through the bridge; absent: there are none. */
  readonly loopbackGuarded?: Promise<void>
  /** What has to be there beside the ways of pods; absent: nothing. */
  readonly serviceDevice?: ServiceDevice
  /** All ranges of Services, in place of those of the device; absent: they never change. */
  readonly serviceRanges?: ServiceRanges
  readonly cniConfigFile: string
  readonly cniStateDirectory: string
  /** Hears of each problem when it begins. */
  readonly onProblem: (problem: NetworkProblem) => void
}

/** Changes come in swarms, our own among them: a look at the machine waits for the swarm to pass. */
const settleMs = 200
const retry = { initialMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 }

/**
 * Keeps this node's part of the pods' network: which addresses its pods get, and the ways to pods of all other nodes, from Node objects; and the
 * interface of Services. What is there is read once and after somebody else changed it. Stopping leaves everything as it is: packets go on.
 */
export function startPodNetwork(options: PodNetworkOptions): { readonly stop: () => Promise<void> } {
  const { host, clock, log, names, nodeNetworks } = options
  /** What the machine has, as far as we know; undefined: that has to be read. */
  let present: PresentNetwork | undefined
  /** Somebody changed something, perhaps we ourselves. */
  let hasDrifted = true
  let isLoopbackGuarded = false
  /** Interfaces that have, or had, the node's addresses: they may get them back. */
  let uplinks: ReadonlySet<string> = new Set()
  let isDirty = true
  let running: Promise<void> | undefined
  let stopped = false
  let failures = 0
  let forgetTimer = (): void => {}
  let unwatch = (): void => {}
  let written: string | undefined
  let told = new Map<string, NetworkProblem>()

  function stir(): void {
    isDirty = true
    if (stopped || running || !nodeNetworks.isSynced()) return
    running = pass().finally(() => {
      running = undefined
      if (isDirty && failures === 0) stir()
    })
  }

  function stirIn(waitMs: number): void {
    forgetTimer()
    forgetTimer = clock.schedule(clock.now() + waitMs, stir)
  }

  async function pass(): Promise<void> {
    isDirty = false
    try {
      if (hasDrifted) present = undefined
      hasDrifted = false
      const isFresh = present === undefined
      const before = (present ??= await host.read(names.vxlan))
      uplinks = new Set([...uplinks, ...options.nodeAddresses.flatMap((address) => deviceWith(before.devices, address, names)?.name ?? [])])
      const own = ownNetwork()
      const peers = nodeNetworks.list().filter(({ name }) => name !== options.nodeName)
      const desired = desiredNetwork({ mode: options.mode, own, peers, present: before, names })
      const { commands, routes, stalePorts, problems } = networkCommands(desired, before, names)
      // Until all of it is done nobody knows what is there.
      present = undefined
      await host.apply(commands)
      if (stalePorts.length > 0) await host.setPortMtu(stalePorts, desired.podMtu!)
      await writeCniConfig(own, desired)
      // The plug-in makes the bridge with the first pod, and whoever makes it anew makes it without.
      if (isLoopbackGuarded && isFresh && before.devices.some(({ name }) => name === names.bridge)) await host.routeLoopback(names.bridge)
      const isWhole = await mendServiceDevice(before)
      if (isWhole) present = remembered({ ...desired, routes }, before, names)
      if (commands.length > 0)
        log.info('changed the ways to other nodes', { nodes: peers.length, lines: commands.flatMap(({ lines }) => lines).length })
      tell(problems)
      failures = 0
    } catch (error) {
      present = undefined
      log.error('the ways to other nodes could not be made; they will be looked at anew', { error })
      stirIn(backoff(retry, failures, options.random))
      failures += 1
    }
  }

  /** Whether there was nothing to mend; else nobody knows what is there until it is read. */
  async function mendServiceDevice(before: PresentNetwork): Promise<boolean> {
    const { serviceDevice, serviceRanges } = options
    if (serviceDevice === undefined) return true
    const ranges = serviceRanges?.list() ?? serviceDevice.ranges
    const lines = serviceDeviceLines({ ...serviceDevice, ranges, hasAllRanges: serviceRanges?.isSynced() ?? false }, before)
    if (lines.length === 0) return true
    await host.apply([{ program: 'ip', lines }])
    log.info('changed the interface of Services', { lines: lines.length })
    return false
  }

  function ownNetwork(): NodeNetwork {
    const object = nodeNetworks.list().find(({ name }) => name === options.nodeName)
    return { name: options.nodeName, uid: object?.uid ?? '', addresses: options.nodeAddresses, podCIDRs: object?.podCIDRs ?? [] }
  }

  /** A container runtime takes the first file of its folder by name; with a mode of their own, users bring theirs. */
  async function writeCniConfig({ podCIDRs }: NodeNetwork, { podMtu }: DesiredNetwork): Promise<void> {
    if (options.mode !== 'none' && podCIDRs.length === 0) return
    const text =
      options.mode === 'none'
        ? ''
        : cniConfig({ podCIDRs, bridge: names.bridge, mtu: podMtu ?? 1500, stateDirectory: options.cniStateDirectory })
    if (text === written) return
    if (text === '') await host.removeFile(options.cniConfigFile)
    else await host.writeFile(options.cniConfigFile, text)
    written = text
  }

  function tell(problems: readonly NetworkProblem[]): void {
    const now = new Map(problems.map((problem) => [problem.message, problem]))
    for (const [message, problem] of now) {
      if (told.has(message)) continue
      log.warn('pods cannot reach each other everywhere', { reason: problem.reason, problem: message })
      options.onProblem(problem)
    }
    for (const message of told.keys()) if (!now.has(message)) log.info('a problem of the pod network is over', { problem: message })
    told = now
  }

  /** Somebody else may take away what we made; the kernel says so, at no cost while nothing happens. */
  function watch(attempt: number): void {
    const startedAt = clock.now()
    unwatch = host.watch(
      (line) => {
        if (!concerns(line, interest())) return
        hasDrifted = true
        // What failed may go well now, such as a link that is up again; but what we try makes changes as well.
        stirIn(failures === 0 ? settleMs : retry.initialMs)
      },
      (error) => {
        if (stopped) return
        log.warn('changes of the machine’s network are not told any more; asking again', { error })
        const next = clock.now() - startedAt > retry.maxMs ? 0 : attempt + 1
        unwatch = clock.schedule(clock.now() + backoff(retry, next, options.random), () => {
          hasDrifted = true
          watch(next)
          stir()
        })
      },
    )
  }

  const interest = () => ({
    devices: [names.vxlan, names.bridge, ...uplinks],
    ...(options.serviceDevice && { serviceDevice: options.serviceDevice.device }),
    addresses: options.nodeAddresses,
    ranges: nodeNetworks.list().flatMap(({ podCIDRs }) => podCIDRs),
  })

  options.loopbackGuarded?.then(
    () => {
      isLoopbackGuarded = true
      hasDrifted = true
      stir()
    },
    () => log.debug('stopped before there were rules'),
  )
  const follow = (): void => {
    if (failures === 0) stir()
  }
  const stops = [nodeNetworks.onChange(follow), options.serviceRanges?.onChange(follow)]
  watch(0)
  nodeNetworks.synced().then(stir, () => log.debug('stopped before the nodes were known'))
  return {
    async stop() {
      stopped = true
      forgetTimer()
      unwatch()
      for (const stop of stops) stop?.()
      await running
    },
  }
}
