import type { Config } from '#host/config.ts'
import { type ContainerdOptions, checkCgroupDriver, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { nodeFiles } from '#host/files.ts'
import { pauseSeccompProfile } from '#host/images/pause-seccomp.ts'
import { type Layout, paths } from '#host/layout.ts'
import { type LeakedAddresses, leakedAddresses } from '#host/leaked-addresses.ts'
import { type LostShims, lostShims } from '#host/lost-shims.ts'
import { names } from '#host/names.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import { saveFile } from '#host/save-file.ts'
import type { KubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { withCdi } from '#kubelet/devices/cdi/with-cdi.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { withPauseSeccomp } from '#kubelet/sandbox/pause-seccomp.ts'
import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'
import type { Log } from '#lib/log.ts'

/** This node's container runtime, started if it does not run. Throws `Invalid` where it runs with another cgroup driver than it is to have. */
export async function openRuntime(
  layout: Layout,
  config: Config,
  clock: Clock,
  log: Log,
  { runtimeRequestTimeout }: Pick<KubeletConfiguration, 'runtimeRequestTimeout'>,
) {
  const containerd = containerdOptions(layout, config)
  const { cniState, containerdState, pauseSeccomp } = paths(layout)
  saveFile(pauseSeccomp, pauseSeccompProfile(process.arch as 'x64' | 'arm64'))
  await ensureContainerd(containerd)
  checkCgroupDriver(containerd)
  const runtime = createCriRuntime({ endpoint: containerdSocket(containerd), clock, requestTimeoutMs: durationMs(runtimeRequestTimeout) })
  const lost = [
    lostShims({ runtime, socket: containerdSocket(containerd), clock, log }),
    leakedAddresses({ runtime, cniStateDirectory: cniState, containerdState, bridge: names.bridge, clock, log }),
  ]
  const confining = withPauseSeccomp(supervised(runtime, containerd, lost), {
    profile: pauseSeccomp,
    handlers: ['', 'runc', 'crun'],
    clock,
    log,
  })
  return withCdi(confining, {
    files: nodeFiles,
    directories: ['/etc/cdi', '/var/run/cdi'],
  })
}

/** Whoever listens for events wants the runtime to be there: one that died is started again before each subscription. */
function supervised<T extends Runtime & { close(): void }>(
  runtime: T,
  containerd: ContainerdOptions,
  lost: readonly (LostShims | LeakedAddresses)[],
): T {
  return {
    ...runtime,
    async *events(signal: AbortSignal) {
      await ensureContainerd(containerd)
      // It may have died while it made something, now or before we came.
      for (const each of lost) each.expect()
      yield* runtime.events(signal)
    },
    close() {
      for (const each of lost) each.close()
      runtime.close()
    },
  }
}
