import { WherryError } from '#lib/errors.ts'
import { readEventLimits } from '../optional/event-rate-limit-configuration.ts'
import { readImagePolicy } from '../optional/image-policy-configuration.ts'
import { readNodeSelectors } from '../optional/pod-node-selector-configuration.ts'
import { readPodTolerations } from '../optional/pod-toleration-configuration.ts'
import { readPodSecurity } from '../pod-security/configuration.ts'
import { readLimitedResources } from '../resource-quota/configuration.ts'
import { readWebhookCredentials } from '../webhook/configuration.ts'
import type { ConfigurationSource } from './admission-configuration.ts'
import type { ConfigurationMeans } from './configuration-means.ts'

/**
 * Of each plug-in that can be configured: how its text becomes what it works with. Without a text it is the default, and an error where there is
 * none. Errors: `Invalid`, or what `readFile` throws.
 */
const readers = {
  EventRateLimit: readEventLimits,
  ImagePolicyWebhook: readImagePolicy,
  MutatingAdmissionWebhook: readWebhookCredentials,
  PodNodeSelector: readNodeSelectors,
  PodSecurity: readPodSecurity,
  PodTolerationRestriction: readPodTolerations,
  ResourceQuota: readLimitedResources,
  ValidatingAdmissionWebhook: readWebhookCredentials,
} satisfies Readonly<Record<string, (text: string | undefined, means: ConfigurationMeans) => unknown>>

/** The configurations of the plug-ins that run, of those that take one. */
export type PluginConfigurations = { readonly [Name in keyof typeof readers]?: ReturnType<(typeof readers)[Name]> }

/** Reads those of the plug-ins that are on; a configuration that nobody uses is not even looked at. Errors: `Invalid`, which names the plug-in. */
export function readPluginConfigurations(
  isOn: (plugin: string) => boolean,
  source: ConfigurationSource,
  means: ConfigurationMeans,
): PluginConfigurations {
  const configurations: Record<string, unknown> = {}
  for (const [name, read] of Object.entries(readers)) {
    if (!isOn(name)) continue
    try {
      configurations[name] = read(source.of(name), means)
    } catch (cause) {
      throw new WherryError('Invalid', `couldn't init admission plugin "${name}": ${(cause as Error).message}`, { cause })
    }
  }
  return configurations
}
