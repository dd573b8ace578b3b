import { WherryError } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { field, map, message, type Of, string } from '#schema/schema.ts'
import { parseYaml } from '#schema/yaml.ts'

/** The file has no version: it is older than such files have one. */
const PodNodeSelectorFile = message('podnodeselector.Configuration', { podNodeSelectorPluginConfig: field(1, map(string())) })

/**
 * Labels by namespace, and under `clusterDefaultNodeSelector` those of the rest. Errors: `Invalid`; the reference hangs over a file that is none.
 */
export function readNodeSelectors(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined) return {}
  const { value, errors } = decode(PodNodeSelectorFile, parseYaml(text).value ?? {}, { strict: false })
  if (errors.length > 0) throw new WherryError('Invalid', errors[0]!)
  return (value as Of<typeof PodNodeSelectorFile>).podNodeSelectorPluginConfig ?? {}
}
