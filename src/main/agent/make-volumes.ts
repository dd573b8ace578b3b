import { amountsOf } from '#api/core/v1/resources.ts'
import { featuresOf } from '#api/features.ts'
import { containerdSocket } from '#host/containerd.ts'
import { createImageMounts } from '#host/image-mounts.ts'
import { volumeHost } from '#host/mounts.ts'
import { podKeys } from '#host/pod-keys.ts'
import type { Kubelet } from '#kubelet/kubelet.ts'
import { observePodCertificates } from '#kubelet/pod-certificates/observe-pod-certificates.ts'
import { createPodCertificates } from '#kubelet/pod-certificates/pod-certificates.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createClaimSource } from '#kubelet/volumes/claim-source.ts'
import { createObjectSource } from '#kubelet/volumes/object-source.ts'
import { countVolumes, operationMetrics } from '#kubelet/volumes/operation-metrics.ts'
import { createOwnNode } from '#kubelet/volumes/own-node.ts'
import { createTokenSource } from '#kubelet/volumes/tokens.ts'
import { createTrustBundles } from '#kubelet/volumes/trust-bundles.ts'
import { createVolumeManager } from '#kubelet/volumes/volume-manager.ts'
import type { VolumePlugin } from '#kubelet/volumes/volume-plugin.ts'
import { isError } from '#lib/errors.ts'
import type { EventRecorder } from '#loop/events.ts'
import type { AgentContext } from './agent-context.ts'

/** The volumes of this node's pods. `kubelet` is asked only once pods are handled: each of the two needs the other. */
export function makeVolumes(
  { config, configuration, where, usualFolder, client, clock, random, log, metrics }: AgentContext,
  recorder: EventRecorder,
  kubelet: () => Kubelet,
  plugins: readonly VolumePlugin[],
  runtime: Runtime,
) {
  const features = featuresOf(configuration.featureGates)
  const node = createOwnNode(client, config.nodeName, { clock, random, log })
  const certificates = features.has('PodCertificateRequest')
    ? createPodCertificates({
        client,
        nodeName: config.nodeName,
        nodeUid: async () => (await node.read()).metadata.uid,
        keys: podKeys,
        clock,
        random: random.fork('pod certificates'),
        log,
        tell: (regarding, reason, message) => recorder.record({ regarding, type: 'Warning', reason, message }),
      })
    : undefined
  if (certificates !== undefined) observePodCertificates(metrics.registry, certificates)
  const volumes = createVolumeManager({
    plugins,
    observe: operationMetrics(metrics.registry),
    rootDirectory: where.kubelet,
    ...(usualFolder !== undefined && { usualFolder }),
    host: volumeHost,
    claims: createClaimSource(client),
    images: createImageMounts({
      endpoint: containerdSocket({ stateDirectory: where.containerdState }),
      version: () => runtime.version(),
    }),
    node,
    objects: createObjectSource(client, { clock, random, log }),
    tokens: createTokenSource(client, () => clock.now()),
    ...(features.has('ClusterTrustBundleProjection') && {
      bundles: createTrustBundles(client, { clock, random: random.fork('trust bundles'), log }),
    }),
    ...(certificates !== undefined && { certificates }),
    allocatable: () => allocatableAmounts(kubelet().allocatable()),
    clock,
    random,
    report: (pod, error) => {
      const reason = (isError(error) && error.details.reason) || 'FailedMount'
      recorder.record({ regarding: pod, type: 'Warning', reason, message: (error as Error).message })
    },
    tell: (regarding, type, reason, message) => recorder.record({ regarding, type, reason, message }),
    ready: (uid) => kubelet().look(uid),
  })
  countVolumes(metrics.registry, volumes.counted)
  return volumes
}

function allocatableAmounts(list: Readonly<Record<string, string>>) {
  const amounts = amountsOf(list)
  return { cpuMilli: amounts['cpu'] ?? 0, memoryBytes: amounts['memory'] ?? 0, ephemeralStorageBytes: amounts['ephemeral-storage'] ?? 0 }
}
