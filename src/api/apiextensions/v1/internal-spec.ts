import { same } from '#api/strategy.ts'
import type {
  CustomResourceColumnDefinition,
  CustomResourceDefinitionSpec,
  CustomResourceDefinitionVersion,
  CustomResourceSubresources,
  CustomResourceValidation,
  SelectableField,
} from './types.ts'

/**
 * A definition's spec as the reference validates it: what is equal in all versions stands once, at the top. The paths in refusals follow
 * this form.
 */
export interface InternalSpec extends Omit<CustomResourceDefinitionSpec, 'versions'> {
  readonly version: string
  readonly versions: readonly InternalVersion[]
  /** The list itself is missing, which refusals show. */
  readonly hasNoVersions?: true
  readonly validation?: CustomResourceValidation | undefined
  readonly subresources?: CustomResourceSubresources | undefined
  readonly additionalPrinterColumns?: readonly CustomResourceColumnDefinition[] | undefined
  readonly selectableFields?: readonly SelectableField[] | undefined
}

/** A version as the reference holds it: what all versions have alike stands in the spec alone. */
export type InternalVersion = Partial<Pick<CustomResourceDefinitionVersion, Shared>> & Omit<CustomResourceDefinitionVersion, Shared>

type Shared = 'schema' | 'subresources' | 'additionalPrinterColumns' | 'selectableFields'

/** The spec as the reference holds it, and shows it in its messages. */
export function internalSpecOf(spec: CustomResourceDefinitionSpec): InternalSpec {
  const { versions = [], ...rest } = spec
  const [first] = versions
  if (first === undefined) return { ...rest, version: '', versions: [], ...(spec.versions === undefined && { hasNoVersions: true }) }
  const isShared = (part: Shared): boolean => versions.every((version) => same(version[part], first[part]))
  const shared = { schema: isShared('schema'), subresources: isShared('subresources') } as const
  const columns = isShared('additionalPrinterColumns')
  const selectable = isShared('selectableFields')
  return {
    ...rest,
    version: first.name,
    ...(shared.schema && { validation: first.schema }),
    ...(shared.subresources && { subresources: first.subresources }),
    ...(columns && { additionalPrinterColumns: first.additionalPrinterColumns }),
    ...(selectable && { selectableFields: first.selectableFields }),
    versions: versions.map(({ schema, subresources, additionalPrinterColumns, selectableFields, ...version }) => ({
      ...version,
      ...(!shared.schema && schema !== undefined && { schema }),
      ...(!shared.subresources && subresources !== undefined && { subresources }),
      ...(!columns && additionalPrinterColumns !== undefined && { additionalPrinterColumns }),
      ...(!selectable && selectableFields !== undefined && { selectableFields }),
    })),
  }
}
