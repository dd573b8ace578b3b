import { type ContainerdOptions, containerdSocket, ensureContainerd } from '#host/containerd.ts'
import { createCriRuntime } from '#host/cri/runtime.ts'
import { nodeFiles } from '#host/files.ts'
import type { Layout } from '#host/layout.ts'
import { containerdOptions } from '#host/node-containerd.ts'
import type { KubeletConfiguration } from '#kubelet/configuration/kubelet-configuration.ts'
import { withCdi } from '#kubelet/devices/cdi/with-cdi.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import type { Clock } from '#lib/clock.ts'
import { durationMs } from '#lib/duration.ts'

/** This node's container runtime, started if it does not run. */
export async function openRuntime(
  layout: Layout,
  clock: Clock,
  { runtimeRequestTimeout }: Pick<KubeletConfiguration, 'runtimeRequestTimeout'>,
) {
  const containerd = containerdOptions(layout)
  await ensureContainerd(containerd)
  const runtime = createCriRuntime({ endpoint: containerdSocket(containerd), clock, requestTimeoutMs: durationMs(runtimeRequestTimeout) })
  return withCdi(supervised(runtime, containerd), { files: nodeFiles, directories: ['/etc/cdi', '/var/run/cdi'] })
}

/** Whoever listens for events wants the runtime to be there: one that died is started again before each subscription. */
function supervised<T extends Runtime>(runtime: T, containerd: ContainerdOptions): T {
  return {
    ...runtime,
    async *events(signal: AbortSignal) {
      await ensureContainerd(containerd)
      yield* runtime.events(signal)
    },
  }
}
