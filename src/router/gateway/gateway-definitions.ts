import type { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import type { Input } from '#schema/schema.ts'
import { bundleVersion, bundleVersionAnnotation, channelAnnotation, gatewayGroup } from './names.ts'

/**
 * The definitions (CustomResourceDefinition) of the Gateway API's kinds, as its standard channel has them, without descriptions: schemas, defaults,
 * rules in CEL, columns and names. All versions of a kind have one schema. They are read when they are asked for: 165 kB of text that a cluster
 * needs once.
 */
export async function gatewayDefinitions(): Promise<readonly Input<typeof CustomResourceDefinition>[]> {
  const files = await Promise.all([
    import('./definitions/gatewayclasses.json', { with: { type: 'json' } }),
    import('./definitions/gateways.json', { with: { type: 'json' } }),
    import('./definitions/httproutes.json', { with: { type: 'json' } }),
    import('./definitions/grpcroutes.json', { with: { type: 'json' } }),
    import('./definitions/tlsroutes.json', { with: { type: 'json' } }),
    import('./definitions/referencegrants.json', { with: { type: 'json' } }),
  ])
  return files.map((file) => definitionOf(file.default as unknown as DefinitionFile))
}

/** Of all of them. */
export const definitionNames: readonly string[] = [
  'gatewayclasses',
  'gateways',
  'httproutes',
  'grpcroutes',
  'tlsroutes',
  'referencegrants',
].map((plural) => `${plural}.${gatewayGroup}`)

/** What stands in a file of `definitions/`. */
interface DefinitionFile {
  /** Where the API was agreed on: groups of Kubernetes' own domain need that (annotation api-approved.kubernetes.io). */
  readonly approved: string
  readonly names: Input<typeof CustomResourceDefinition>['spec']['names'] & { readonly plural: string }
  readonly scope: string
  readonly versions: readonly { readonly name: string; readonly storage: boolean }[]
  readonly subresources: object
  readonly additionalPrinterColumns: readonly object[]
  readonly openAPIV3Schema: object
}

const definitionOf = ({ approved, names, scope, versions, openAPIV3Schema, ...shared }: DefinitionFile) =>
  ({
    metadata: {
      name: `${names.plural}.${gatewayGroup}`,
      annotations: {
        'api-approved.kubernetes.io': approved,
        [bundleVersionAnnotation]: bundleVersion,
        [channelAnnotation]: 'standard',
      },
    },
    spec: {
      group: gatewayGroup,
      names,
      scope,
      versions: versions.map((version) => ({ ...version, served: true, ...shared, schema: { openAPIV3Schema } })),
    },
  }) as Input<typeof CustomResourceDefinition>
