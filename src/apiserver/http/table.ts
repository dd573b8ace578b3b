import { columnText } from '#api/column-texts.ts'
import type { AnyKind, Column, KubeObject } from '#api/kind.ts'
import type { Instant } from '#lib/clock.ts'
import { encodeJson, parseExact } from '#schema/json.ts'

/** What the rows of a table carry of their objects (API concepts, "Receiving resources as Tables"). */
export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** Objects as rows of text, as `kubectl get` prints them (meta/v1 Table). */
export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: string
  readonly metadata: object
  readonly columnDefinitions: readonly object[] | null
  readonly rows: readonly object[] | null
}

/** `headed` is false for the second and later events of a watch, which repeat no columns. */
export function tableOf(
  kind: AnyKind,
  objects: readonly KubeObject[],
  metadata: object,
  options: { readonly now: Instant; readonly include: IncludeObject; readonly version: string; readonly headed?: boolean },
): Table {
  const columns = kind.columns ?? defaultColumns
  // A kind that has a column for the name puts it where it belongs.
  const named = !columns.some(({ name }) => name === 'Name')
  const apiVersion = `meta.k8s.io/${options.version}`
  return {
    kind: 'Table',
    apiVersion,
    metadata,
    columnDefinitions:
      options.headed === false
        ? null
        : [
            ...(named ? [nameColumn] : []),
            ...columns.filter(({ undeclared }) => undeclared !== true).map((column) => definitionOf(kind, column)),
          ],
    rows: objects.map((object) => ({
      cells: [...(named ? [object.metadata.name ?? ''] : []), ...columns.map((column) => cellOf(kind, column, object, options.now))],
      object:
        options.include === 'None'
          ? null
          : options.include === 'Object'
            ? parseExact(encodeJson(kind, object))
            : partialOf(kind, object, apiVersion),
    })),
  }
}

/** Of what the object lacks, Go prints the zero; columns of custom resources, which know no Go, say nothing. */
const cellOf = ({ shape }: AnyKind, { cell, type }: Column, object: KubeObject, now: Instant): ReturnType<Column['cell']> =>
  cell(object as never, now) ?? (shape.kind === 'message' ? zeroCells[type] : null)

const zeroCells = { string: '', integer: 0, number: 0, boolean: false, date: '0001-01-01T00:00:00Z' } as const

/** An object without all but its metadata. */
export const partialOf = (kind: AnyKind, object: KubeObject, apiVersion = 'meta.k8s.io/v1') => ({
  kind: 'PartialObjectMetadata',
  apiVersion,
  metadata: kind.partialMetadata === undefined ? object.metadata : kind.partialMetadata(object.metadata),
})

const definitionOf = ({ plural }: AnyKind, { name, type, format = '', priority = 0, description }: Column): object => ({
  name,
  type,
  format,
  description: description ?? columnText(plural, name),
  priority,
})

const nameColumn = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: columnText('', 'Name'),
  priority: 0,
}

/** What a kind without columns of its own shows. */
const defaultColumns: readonly Column[] = [
  {
    name: 'Created At',
    type: 'date',
    cell: (object: KubeObject) => object.metadata.creationTimestamp,
  } as Column,
]
