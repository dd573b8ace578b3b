import { join } from 'node:path'
import type { Pod } from '#api/core/v1/pod.ts'
import { csiFiles } from '#host/csi/csi-files.ts'
import { localDirectories } from '#host/csi/local-directories.ts'
import { dialRpc } from '#host/plugins/rpc.ts'
import { csiMetrics } from '#kubelet/csi/csi-metrics.ts'
import { type Csi, createCsi } from '#kubelet/csi/csi-plugin.ts'
import { serveLocalVolumes } from '#kubelet/csi/local-volumes.ts'
import type { Kubelet } from '#kubelet/kubelet.ts'
import { createTokenSource } from '#kubelet/volumes/tokens.ts'
import type { AgentContext } from './agent-context.ts'

/** Volumes of CSI drivers. `kubelet` is asked only once pods are handled. */
export function makeCsi({ config, where, usualFolder, client, clock, random, log, metrics }: AgentContext, kubelet: () => Kubelet): Csi {
  const csi = createCsi({
    nodeName: config.nodeName,
    rootDirectory: where.kubelet,
    driverRoot: usualFolder,
    client,
    dial: dialRpc,
    files: csiFiles,
    tokens: createTokenSource(client, () => clock.now()),
    clock,
    random: random.fork('csi'),
    log: log.with({ part: 'csi' }),
    observe: csiMetrics(metrics.registry),
    ready() {
      for (const { pod } of kubelet().pods.list()) if (mayUseDriver(pod)) kubelet().look(pod.metadata.uid)
    },
    refuse({ claim }, message) {
      for (const { pod, withStatus } of kubelet().pods.list()) {
        if (claim === undefined || withStatus.status.phase !== 'Pending' || !usesClaim(pod, claim.metadata)) continue
        const refusal = { reason: 'VolumeAttachmentLimitExceeded', message }
        kubelet()
          .pods.killPod(pod.metadata.uid, refusal)
          .catch((error: unknown) => log.error('a pod without room for its volume could not be ended', { pod: pod.metadata.name, error }))
      }
    },
  })
  const directories = localDirectories(join(where.kubelet, 'local-volumes'))
  const local = serveLocalVolumes({ nodeName: config.nodeName, client, csi, directories, clock, random: random.fork('local volumes'), log })
  return {
    ...csi,
    async close() {
      await local.close()
      await csi.close()
    },
  }
}

const mayUseDriver = ({ spec }: Pod): boolean =>
  (spec.volumes ?? []).some(({ csi, ephemeral, persistentVolumeClaim }) => csi ?? ephemeral ?? persistentVolumeClaim)

const usesClaim = ({ metadata, spec }: Pod, { name, namespace }: { readonly name: string; readonly namespace: string }): boolean =>
  metadata.namespace === namespace &&
  (spec.volumes ?? []).some(
    (volume) => (volume.persistentVolumeClaim?.claimName ?? (volume.ephemeral && `${metadata.name}-${volume.name}`)) === name,
  )
