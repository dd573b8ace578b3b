import { realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

/**
 * Where everything of one Wherry on this machine lies; a further node of the machine has a layout of its own beneath (`host/machines`). `WHERRY_CACHE`
 * is set for the processes of such a node alone. `wherry reset` removes both folders, the link to the kubelet's at `/var/lib/kubelet`, those to
 * logs in `/var/log/containers`, and what logind was told in `/run/systemd`; nothing of ours stands anywhere else.
 */
export interface Layout {
  /** Kept over a restart of the machine. */
  readonly dataDirectory: string
  /** Sockets, process numbers: gone after a restart. */
  readonly runDirectory: string
  /** Where compiled programs are kept. Absent: below `dataDirectory`. Further nodes of a machine share those of its first. */
  readonly compileCache?: string
}

const defaultLayout: Layout = { dataDirectory: '/var/lib/wherry', runDirectory: '/run/wherry' }

/**
 * `WHERRY_DATA` and `WHERRY_RUN` move the two folders; background processes stand elsewhere, so a relative path is made a full one. Either may be
 * reached by a link, to a larger disk for one: the kernel names mounts by their real paths, and so do we, or none of them would be found again.
 */
export function layoutFrom(env: Readonly<Record<string, string | undefined>>): Layout {
  return {
    dataDirectory: realPath(resolve(env['WHERRY_DATA'] || defaultLayout.dataDirectory)),
    runDirectory: realPath(resolve(env['WHERRY_RUN'] || defaultLayout.runDirectory)),
    ...(env['WHERRY_CACHE'] && { compileCache: resolve(env['WHERRY_CACHE']) }),
  }
}

/** As far as it is there, and may be looked at. */
function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    const parent = dirname(path)
    return parent === path ? path : join(realPath(parent), basename(path))
  }
}

/** The paths beneath, each named once. */
export function paths(layout: Layout) {
  const { dataDirectory: data, runDirectory: run } = layout
  return {
    config: join(data, 'config.yaml'),
    pki: join(data, 'pki'),
    /** The authority that the node trusts: of its own server, or of the one that it joined. */
    caCertificate: join(data, 'pki', 'ca.crt'),
    /** By what a machine that joins asks for its first certificate; gone once it has that. */
    bootstrapToken: join(data, 'pki', 'bootstrap-token'),
    adminKubeconfig: join(data, 'admin.kubeconfig'),
    store: join(data, 'server', 'store.db'),
    serverIdentity: join(data, 'server', 'identity'),
    compileCache: layout.compileCache ?? join(data, 'cache'),
    logs: join(data, 'logs'),
    serverLog: join(data, 'logs', 'server.log'),
    agentLog: join(data, 'logs', 'agent.log'),
    containerdLog: join(data, 'logs', 'containerd.log'),
    /** Requests that the router took, and what its proxy says of itself. */
    routerLog: join(data, 'logs', 'router.log'),
    haproxyLog: join(data, 'logs', 'haproxy.log'),
    router: join(data, 'node', 'router'),
    routerRun: join(run, 'router'),
    routerPid: join(run, 'router.pid'),
    /** Held by the call that starts, stops or removes the cluster. */
    callLock: join(run, 'call.lock'),
    serverPid: join(run, 'server.pid'),
    agentPid: join(run, 'agent.pid'),
    containerdRoot: join(data, 'node', 'containerd'),
    containerdState: join(run, 'containerd'),
    /** What the pause process of each pod may call. */
    pauseSeccomp: join(data, 'node', 'pause-seccomp.json'),
    cniConfig: join(data, 'node', 'cni'),
    /** host-local keeps the addresses it gave out here; they die with the sandboxes, so with the machine's run. */
    cniState: join(run, 'cni'),
    /** How the kernel was set before us. */
    savedSettings: join(data, 'node', 'kernel-settings.json'),
    kubelet: join(data, 'node', 'kubelet'),
    podLogs: join(data, 'node', 'pod-logs'),
  } as const
}
/** Every path of a layout, by what stands at it. */
export type Paths = ReturnType<typeof paths>
