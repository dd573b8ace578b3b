import { Node } from '#api/core/v1/node.ts'
import { createClient } from '#client/http.ts'
import { createInformer } from '#client/informer.ts'
import { createKubelet } from '#kubelet/kubelet.ts'
import type { Clock } from '#lib/clock.ts'
import { WherryError } from '#lib/errors.ts'
import type { Transport } from '#lib/http.ts'
import type { Log } from '#lib/log.ts'
import type { Random } from '#lib/random.ts'
import { kubernetesVersion } from '#lib/version.ts'
import { createEventRecorder } from '#loop/events.ts'
import { createSimulatedMachine } from './machine.ts'
import { createSimulatedProcess, type SimulatedProcess } from './process.ts'
import { type BehaviourOf, createSimulatedRuntime, type ImageBehaviour, type SimulatedRuntime } from './runtime.ts'

export interface SimulatedNodeOptions {
  readonly name: string
  /** Tells its address from those of other nodes. */
  readonly index: number
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** To the API server, as this node. */
  readonly transport: Transport
  readonly images: Readonly<Record<string, ImageBehaviour>>
  readonly behaviour?: BehaviourOf | undefined
  readonly cpuCount: number
  readonly memoryBytes: number
  readonly latencyMs?: number
}

/** A machine with a runtime, on which kubelets come and go: the real kubelet's core over simulated surroundings. */
export interface SimulatedNode {
  readonly name: string
  readonly runtime: SimulatedRuntime
  /** Starts a kubelet, which takes over whatever runs. */
  startKubelet(): void
  /** Kills the kubelet. Containers run on. */
  killKubelet(): void
  readonly isKubeletAlive: boolean
  /** Power lost and back: nothing runs, files stay. The kubelet has to be started anew. */
  reboot(): void
  /** Ends the kubelet in order. */
  stop(): Promise<void>
}

export function createSimulatedNode(options: SimulatedNodeOptions): SimulatedNode {
  const { name, index, clock, random, log, cpuCount, memoryBytes } = options
  const machine = createSimulatedMachine({ name, address: `192.0.2.${index + 1}`, cpuCount, memoryBytes })
  let network = ''
  let nextHost = 1
  const runtime = createSimulatedRuntime({
    clock,
    random: random.fork('runtime'),
    images: options.images,
    ...(options.behaviour !== undefined && { behaviour: options.behaviour }),
    hasNetwork: () => network !== '',
    // As host-local does: addresses follow each other, so that one is not soon used again.
    nextAddress(isTaken) {
      for (let tries = 0; tries < 253; tries += 1) {
        nextHost = (nextHost % 253) + 1
        const address = `${network}${nextHost + 1}`
        if (!isTaken(address)) return address
      }
      throw new WherryError('InternalError', 'no IP addresses available in range set')
    },
    ...(options.latencyMs !== undefined && { latencyMs: options.latencyMs }),
  })
  let kubelet: { readonly process: SimulatedProcess; stop(): Promise<void> } | undefined
  let starts = 0

  function startKubelet(): void {
    starts += 1
    const process = createSimulatedProcess(`kubelet ${name}`, clock)
    const own = random.fork(`kubelet ${starts}`)
    const client = createClient(ofProcess(options.transport, process), { fieldManager: 'wherry-agent' })
    const { clock: ownClock } = process
    const events = createEventRecorder({ client, clock: ownClock, random: own.fork('events'), log, component: 'kubelet', host: name })
    const node = createInformer(client, Node, {
      clock: ownClock,
      random: own.fork('node'),
      log,
      fieldSelector: `metadata.name=${name}`,
    })
    node.onChange(({ spec }, _previous, change) => {
      if (change !== 'deleted' && spec.podCIDR) network = spec.podCIDR.replace(/\d+\/\d+$/, '')
    })
    const running = createKubelet({
      config: {
        nodeName: name,
        rootDirectory: '/var/lib/kubelet',
        podLogsDirectory: '/var/log/pods',
        seccompDirectory: '/var/lib/kubelet/seccomp',
        clusterDns: { servers: ['10.96.0.10'], domain: 'cluster.local' },
        resolvConf: '/etc/resolv.conf',
        port: 10250,
        maxPods: 110,
        reserved: { cpuMilli: 0, memoryBytes: 0 },
        labels: {},
        taints: [],
        version: kubernetesVersion,
      },
      client,
      clock: ownClock,
      random: own.fork('kubelet'),
      log: log.with({ node: name }),
      runtime: process.guard(runtime),
      volumes: process.guard(machine.volumes),
      cgroups: process.guard(machine.cgroups),
      logs: machine.logs,
      files: process.guard(machine.files),
      network: process.guard(runtime.network),
      events,
      facts: { read: async () => machine.facts() },
    })
    let stopped = false
    running.start().catch((error: unknown) => {
      if (process.isAlive && !stopped) log.error('the kubelet could not start', { node: name, error })
    })
    kubelet = {
      process,
      async stop() {
        stopped = true
        events.close()
        await Promise.all([running.stop(), node.close()])
      },
    }
  }

  return {
    name,
    runtime,
    startKubelet,
    killKubelet() {
      kubelet?.process.kill()
      kubelet = undefined
    },
    get isKubeletAlive() {
      return kubelet !== undefined
    },
    reboot() {
      kubelet?.process.kill()
      kubelet = undefined
      machine.reboot()
      runtime.reboot()
    },
    async stop() {
      const last = kubelet
      kubelet = undefined
      await last?.stop()
    },
  }
}

/** Its exchanges break off when the process is killed; it does not hear of that any more. */
const ofProcess =
  (transport: Transport, process: SimulatedProcess): Transport =>
  (request) => {
    const signal = request.signal === undefined ? process.killed : AbortSignal.any([request.signal, process.killed])
    return process.call(() => transport({ ...request, signal }))
  }
