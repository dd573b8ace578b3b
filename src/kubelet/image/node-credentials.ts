import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#lib/clock.ts'
import type { CredentialProvider } from './credential-provider.ts'
import { matching, type RegistryEntry, type TrackedAuth } from './credentials.ts'

export interface NodeCredentialsOptions {
  readonly clock: Clock
  /** What the node's files hold; read again after five minutes, as the reference does. */
  readonly dockerConfig: () => readonly RegistryEntry[]
  /** In the order of their configuration. */
  readonly providers: readonly CredentialProvider[]
  /** What is left out because it failed: the image may not need it, so pods do not wait for it. */
  readonly report: (error: unknown, image: string) => void
}

/** All that the node itself can bring for an image of this pod: from its Docker configuration, then from its credential providers. */
export function createNodeCredentials(options: NodeCredentialsOptions): (image: string, pod: Pod) => Promise<readonly TrackedAuth[]> {
  const { clock, providers, report } = options
  let read: { readonly entries: readonly RegistryEntry[]; readonly atMs: number } | undefined

  function entries(image: string): readonly RegistryEntry[] {
    if (read !== undefined && clock.monotonicMs() - read.atMs < FILE_LIFE_MS) return read.entries
    try {
      read = { entries: options.dockerConfig(), atMs: clock.monotonicMs() }
      return read.entries
    } catch (error) {
      report(error, image)
      return []
    }
  }

  return async (image, pod) => {
    const found: TrackedAuth[] = matching(image, entries(image))
    for (const provider of providers)
      try {
        found.push(...(await provider(image, pod)))
      } catch (error) {
        report(error, image)
      }
    return found
  }
}

const FILE_LIFE_MS = 5 * 60_000
