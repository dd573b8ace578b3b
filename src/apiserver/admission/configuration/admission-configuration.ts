import { WherryError } from '#lib/errors.ts'
import { isObject } from '#schema/fields.ts'
import { type ConfigurationForms, readConfiguration } from '#schema/read-configuration.ts'
import { field, json, list, message, type Of, string } from '#schema/schema.ts'
import { parseYaml } from '#schema/yaml.ts'

/** `AdmissionConfiguration` of apiserver.config.k8s.io/v1, as data; no protobuf form exists, the numbers only order the fields. */
const AdmissionConfiguration = message('apiserver.config.v1.AdmissionConfiguration', {
  apiVersion: field(0, string()),
  kind: field(0, string()),
  plugins: field(
    1,
    list(
      message('apiserver.config.v1.AdmissionPluginConfiguration', {
        name: field(1, string()),
        path: field(2, string()),
        configuration: field(3, json(), { pointer: true }),
      }),
    ),
  ),
})
type AdmissionConfiguration = Of<typeof AdmissionConfiguration>

const forms: ConfigurationForms['forms'] = [
  { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AdmissionConfiguration' },
  { apiVersion: 'apiserver.k8s.io/v1alpha1', kind: 'AdmissionConfiguration' },
]

/** Where the configuration of each plug-in is found. */
export interface ConfigurationSource {
  /** Text (YAML or JSON) of one plug-in's configuration; undefined where it has none. Throws `Invalid` for a file that cannot be read. */
  readonly of: (plugin: string) => string | undefined
  /** The plug-ins that are configured. */
  readonly names: readonly string[]
}

/** Nothing is configured. */
export const noConfiguration: ConfigurationSource = { of: () => undefined, names: [] }

/**
 * Reads the file that the reference's `--admission-control-config-file` names. `read` gives the text of a file that it points to, whose path may
 * be relative to it. Of two entries for one plug-in the first counts, and what stands in the file itself counts before a path, as in the
 * reference. Errors: `Invalid`.
 */
export function readAdmissionConfiguration(text: string, read: (path: string) => string): ConfigurationSource {
  const legacy = legacyPluginsOf(text)
  if (legacy.length > 0) return { of: (plugin) => (legacy.includes(plugin) ? text : undefined), names: legacy }
  const { plugins = [] } = readConfiguration(AdmissionConfiguration, 'AdmissionConfiguration', text, { forms }) as AdmissionConfiguration
  return {
    names: plugins.map(({ name = '' }) => name),
    of(plugin) {
      const { configuration, path = '' } = plugins.find(({ name }) => name === plugin) ?? {}
      if (configuration !== undefined && configuration !== null) return JSON.stringify(configuration)
      if (path === '') return undefined
      try {
        return read(path)
      } catch (cause) {
        throw new WherryError('Invalid', `the file ${path} cannot be read: ${(cause as Error).message}`, { cause })
      }
    },
  }
}

/** Two plug-ins are older than this kind of file. Their own may still be given in its place, as long as it does not call itself something. */
function legacyPluginsOf(text: string): readonly string[] {
  let value: unknown
  try {
    value = parseYaml(text).value
  } catch (error) {
    // The strict reader tells of it.
    if (error instanceof SyntaxError) return []
    throw error
  }
  if (!isObject(value) || (value['apiVersion'] !== undefined && value['kind'] !== undefined)) return []
  return Object.entries(legacyKeys).flatMap(([plugin, key]) => (key in value ? [plugin] : []))
}

const legacyKeys = { ImagePolicyWebhook: 'imagePolicy', PodNodeSelector: 'podNodeSelectorPluginConfig' }
