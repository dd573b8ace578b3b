import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { CgroupDriver } from '#kubelet/cgroups/cgroup-names.ts'
import { WherryError } from '#lib/errors.ts'
import type { TraceEndpoint } from '#lib/tracing/trace-export.ts'
import { traceEnvironment } from './containerd-traces.ts'
import { canRunCrun } from './crun.ts'
import { findDaemon, startDaemon } from './daemon.ts'
import { pauseImage } from './images/pause.ts'
import { tryLock } from './lock.ts'
import { isThere, searchPath } from './packages.ts'

/** One node's own containerd: it shares nothing with a containerd that the machine may run already. */
export interface ContainerdOptions {
  /** Image store and snapshots. */
  readonly rootDirectory: string
  /** Sockets and shims; gone after a restart of the machine. */
  readonly stateDirectory: string
  readonly logFile: string
  readonly cniConfigDirectory: string
  readonly cniBinaryDirectories: readonly string[]
  /** A folder with `containerd`, its shim and `ctr` to be used instead of the machine's own. */
  readonly programDirectory?: string
  /** Where `<registry>/hosts.toml` files name mirrors and certificates. Absent: `/etc/containerd/certs.d`, as on every machine. */
  readonly registryConfigDirectory?: string
  /** What runs containers, the default first. Absent: what the machine has, crun (the lighter one) before runc. */
  readonly runtimes?: readonly OciRuntime[]
  /** Handlers beside them, as the user named them. */
  readonly handlers?: RuntimeHandlers
  /** Who makes the groups of containers: runc itself by default, or systemd at its request. */
  readonly cgroupDriver?: CgroupDriver
  /** Where it sends its own spans of calls that are traced. Absent: nowhere. */
  readonly traces?: TraceEndpoint
  /** Words before its own that start it elsewhere: in the namespaces of a further node of this machine. */
  readonly enter?: readonly string[]
}

/** What a RuntimeClass may name beside runc and crun, by that name. */
export type RuntimeHandlers = Readonly<Record<string, RuntimeHandler>>

export interface RuntimeHandler {
  /** Absolute: what speaks the OCI runtime's command line, or the shim itself where `runtimeType` is another than runc's. */
  readonly program: string
  /** containerd's name for the shim, such as `io.containerd.kata.v2`. Absent: that of runc, `io.containerd.runc.v2`. */
  readonly runtimeType?: string
}

/** A program that speaks the OCI runtime's command line. `name` is the handler that a RuntimeClass names. */
export interface OciRuntime {
  readonly name: string
  /** Absolute; absent: found on the path by its name. */
  readonly program?: string
}

/** Where this containerd is spoken to. */
export const containerdSocket = (options: Pick<ContainerdOptions, 'stateDirectory'>): string =>
  join(options.stateDirectory, 'containerd.sock')
/** Where its process is remembered; see `findDaemon`. */
export const containerdPidFile = (options: Pick<ContainerdOptions, 'stateDirectory'>): string =>
  join(options.stateDirectory, 'containerd.pid')

/** Starts it unless it runs, and resolves once its socket answers. Safe to call again at any time, by several processes at once. */
export async function ensureContainerd(options: ContainerdOptions): Promise<void> {
  const socket = containerdSocket(options)
  const isThere = (): boolean => findDaemon(containerdPidFile(options)) !== undefined
  while (!isThere() && !startAlone(options, isThere)) await delay(10)
  for (let waitedMs = 0; waitedMs < 30_000; waitedMs += 25, await delay(25)) {
    if (await answers(socket)) return
    if (!findDaemon(containerdPidFile(options)))
      throw new WherryError(
        'ServiceUnavailable',
        `containerd ended at its start; the last lines of ${options.logFile} say why:\n${lastLines(options.logFile, 5)}`,
      )
  }
  throw new WherryError('Timeout', `containerd does not answer on ${socket} after 30 s; see ${options.logFile}`)
}

/**
 * containerd outlives the agent, and its groups are where it was told to make them when it started. Throws `Invalid` where that is not as `options`
 * say: pods that run would be looked for, measured and limited where they are not.
 */
export function checkCgroupDriver(options: ContainerdOptions): void {
  const wanted = options.cgroupDriver ?? 'cgroupfs'
  const [, isSystemd] = /^ *SystemdCgroup = (true|false)$/m.exec(readFileSync(configFileOf(options), 'utf8')) ?? []
  const running = isSystemd === 'true' ? 'systemd' : 'cgroupfs'
  if (running === wanted) return
  const pid = findDaemon(containerdPidFile(options))?.pid
  throw new WherryError(
    'Invalid',
    `kubelet.cgroupDriver is ${wanted}, and the containerd that runs was started with ${running}: drain the node, "wherry down", end containerd${pid === undefined ? '' : ` (process ${pid})`}, "wherry up"; or set the field to ${running}`,
  )
}

const configFileOf = ({ rootDirectory }: Pick<ContainerdOptions, 'rootDirectory'>): string => join(rootDirectory, 'config.toml')

/** Two that start it at once would leave one of them running with nobody knowing its number. False while another process is at it. */
function startAlone(options: ContainerdOptions, isThere: () => boolean): boolean {
  const release = tryLock(join(options.stateDirectory, 'start.lock'))
  if (!release) return false
  try {
    if (!isThere()) start(options)
    return true
  } finally {
    release()
  }
}

function start(options: ContainerdOptions): void {
  mkdirSync(options.rootDirectory, { recursive: true, mode: 0o711 })
  mkdirSync(options.cniConfigDirectory, { recursive: true, mode: 0o700 })
  const configFile = configFileOf(options)
  writeFileSync(configFile, containerdConfig(options, mayRaiseOwnPriority()), { mode: 0o600 })
  const { programDirectory: folder } = options
  const words = [...(options.enter ?? []), containerdProgram(options), '--config', configFile]
  startDaemon({
    command: words[0]!,
    args: words.slice(1),
    pidFile: containerdPidFile(options),
    logFile: options.logFile,
    env: {
      // containerd looks for its shim there.
      ...(folder !== undefined && { PATH: [folder, ...searchPath()].join(delimiter) }),
      ...(options.traces && traceEnvironment(options.traces)),
    },
  })
}

const containerdProgram = ({ programDirectory: folder }: Pick<ContainerdOptions, 'programDirectory'>): string =>
  folder === undefined ? 'containerd' : join(folder, 'containerd')

/** crun where it is installed and works, and runc, which is always there: it comes with containerd. */
const installedRuntimes = (containerd: string): OciRuntime[] => [
  ...(isThere('crun') && canRunCrun(containerd) ? [{ name: 'crun' }] : []),
  { name: 'runc' },
]

/** The configuration file, version 2: read by containerd 1.6 to 2.x. */
export function containerdConfig(options: ContainerdOptions, mayRaisePriority: boolean): string {
  const text = JSON.stringify
  const runtimes = options.runtimes ?? installedRuntimes(containerdProgram(options))
  const section = ({ name, program }: OciRuntime): string => `
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${text(name)}]
  runtime_type = ${text(runcType)}

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${text(name)}.options]
  BinaryName = ${text(program ?? name)}
  SystemdCgroup = ${options.cgroupDriver === 'systemd'}
`
  // Other shims than runc's are programs of their own, with options that only they know.
  const handlerSection = ([name, { program, runtimeType = runcType }]: readonly [string, RuntimeHandler]): string =>
    runtimeType === runcType
      ? section({ name, program })
      : `
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.${text(name)}]
  runtime_type = ${text(runtimeType)}
  runtime_path = ${text(program)}
`
  return `version = 2
root = ${text(options.rootDirectory)}
state = ${text(options.stateDirectory)}
oom_score = 0
disabled_plugins = ${text([...unused, ...(options.traces === undefined ? tracing : [])])}

[grpc]
  address = ${text(containerdSocket(options))}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(pauseImage)}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  # Without CAP_SYS_RESOURCE a process may not lower its own OOM score, and every container would fail to start.
  restrict_oom_score_adj = ${!mayRaisePriority}
  max_container_log_line_size = 16384
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  device_ownership_from_security_context = true
  # Off by default: only the pod as a whole would be held to its huge pages, not each of its containers.
  disable_hugetlb_controller = false
  tolerate_missing_hugetlb_controller = true
  # On from 2.0 and unknown to 1.6: devices that a device plug-in describes in CDI files.
  enable_cdi = true
  cdi_spec_dirs = ["/etc/cdi", "/var/run/cdi"]

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = ${text(options.cniBinaryDirectories[0])}
  conf_dir = ${text(options.cniConfigDirectory)}
  max_conf_num = 1
  # Known from 2.0 on: the loopback device comes up without running a plug-in for it, which costs a sandbox some 25 ms.
  use_internal_loopback = true

[plugins."io.containerd.grpc.v1.cri".registry]
  config_path = ${text(options.registryConfigDirectory ?? '/etc/containerd/certs.d')}

[plugins."io.containerd.grpc.v1.cri".containerd]
  snapshotter = "overlayfs"
  default_runtime_name = ${text(runtimes[0]?.name ?? 'runc')}
${runtimes.map(section).join('')}${Object.entries(options.handlers ?? {})
  .map(handlerSection)
  .join('')}`
}

const unused = [
  ...['aufs', 'btrfs', 'devmapper', 'zfs'].map((name) => `io.containerd.snapshotter.v1.${name}`),
  'io.containerd.internal.v1.opt',
]
const tracing = ['io.containerd.tracing.processor.v1.otlp', 'io.containerd.internal.v1.tracing']
const runcType = 'io.containerd.runc.v2'

/** Whether this process holds CAP_SYS_RESOURCE (bit 24 of the effective set, capabilities(7)). */
function mayRaiseOwnPriority(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  return ((BigInt(`0x${effective}`) >> 24n) & 1n) === 1n
}

function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = connect(socket)
    connection.once('connect', () => {
      connection.destroy()
      resolve(true)
    })
    connection.once('error', () => resolve(false))
  })
}

function lastLines(file: string, count: number): string {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n')
}
