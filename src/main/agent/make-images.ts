import { homedir } from 'node:os'
import { ServiceAccount } from '#api/core/v1/service-account.ts'
import { askProvider, nodeDockerConfig, readCredentialProviders } from '#host/credential-providers.ts'
import { nodeFiles } from '#host/files.ts'
import { createCredentialProvider } from '#kubelet/image/credential-provider.ts'
import { createImagePuller, type ImageObserver, type ImagePuller } from '#kubelet/image/image-puller.ts'
import { measuredAsk } from '#kubelet/image/measured-ask.ts'
import { createNodeCredentials } from '#kubelet/image/node-credentials.ts'
import { createPullRecords } from '#kubelet/image/pull-records.ts'
import type { VerificationPolicy } from '#kubelet/image/verification.ts'
import type { Runtime } from '#kubelet/runtime.ts'
import { createTokenSource } from '#kubelet/volumes/tokens.ts'
import type { AgentContext } from './agent-context.ts'

/** Brings images in, and hears of those that were removed. */
export interface NodeImages extends ImagePuller {
  /** Ids of the images that stayed, and when the look began that this tells of. */
  collected(remaining: readonly string[], lookedAt: number): void
}

/** How this node brings images in: side by side, with what it knows of registries, and with records of who may use what. */
export function makeImages(context: AgentContext, runtime: Runtime, observer?: ImageObserver): NodeImages {
  const { configuration, where, clock, log } = context
  const report = (error: unknown, image: string) => log.warn('credentials of an image could not be looked after', { image, error })
  const records = createPullRecords({
    files: nodeFiles,
    clock,
    rootDirectory: where.kubelet,
    policy: {
      policy: configuration.imagePullCredentialsVerificationPolicy as VerificationPolicy['policy'],
      allowlist: configuration.preloadedImagesVerificationAllowlist ?? [],
    },
    report,
  })
  // What a former process had begun counts as ours until this is done, so that nobody has to wait for it.
  const startedAt = clock.now()
  runtime
    .images()
    .then(async (images) => {
      await records.start(images)
      await records.prune(new Set(images.map(({ id }) => id)), startedAt)
    })
    .catch((error: unknown) => log.warn('the records of image pulls could not be gone through', { error }))
  const puller = createImagePuller({
    runtime,
    clock,
    maxParallelPulls: configuration.serializeImagePulls ? 1 : (configuration.maxParallelImagePulls ?? Infinity),
    ...(configuration.registryPullQPS > 0 && {
      rate: { perSecond: configuration.registryPullQPS, burst: configuration.registryBurst },
    }),
    records,
    nodeCredentials: createNodeCredentials({
      clock,
      dockerConfig: () => nodeDockerConfig(where.kubelet, homedir()),
      providers: credentialProviders(context),
      report,
    }),
    ...(observer && { observer }),
  })
  return {
    ...puller,
    collected: (remaining, lookedAt) =>
      void records
        .prune(new Set(remaining), lookedAt)
        .catch((error: unknown) => log.warn('records of image pulls could not be removed', { error })),
  }
}

/** Those that the node's configuration names, as the reference's flags of the same names do. */
function credentialProviders({ config, client, clock, metrics }: AgentContext) {
  const { imageCredentialProviderConfig: file, imageCredentialProviderBinDir: programs } = config
  if (file === undefined || programs === undefined) return []
  const tokens = createTokenSource(client, () => clock.now())
  const ask = measuredAsk(askProvider(programs), { registry: metrics.registry, clock })
  return readCredentialProviders(file, programs).map((one) =>
    createCredentialProvider({
      config: one,
      clock,
      ask,
      async serviceAccount(namespace, name) {
        const { metadata } = await client.get(ServiceAccount, name, namespace)
        return { uid: metadata.uid, annotations: metadata.annotations ?? {} }
      },
      token: (pod, audience) => tokens(pod, { audience, path: '', expirationSeconds: 3600 }),
    }),
  )
}
