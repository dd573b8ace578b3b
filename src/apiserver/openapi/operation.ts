import { inOrderOfName, type Parameter, pathParameters } from './parameters.ts'

/** The versions of OpenAPI that are spoken: 2.0 in one document for all, 3.0 in one for each group version. */
export type Format = 'v2' | 'v3'

/** What one method of one path does, in the words of neither version of OpenAPI. */
export interface Operation {
  readonly method: string
  readonly operationId: string
  readonly tag: string
  /** Absent: of a document about the API itself. */
  readonly action?: string
  readonly groupVersionKind?: { readonly group: string; readonly version: string; readonly kind: string }
  readonly query: readonly Parameter[]
  readonly body?: Body
  /** Component of the answer by status; null: plain text. */
  readonly answers: Readonly<Record<number, string | null>>
  readonly consumes?: readonly string[]
  readonly produces: readonly string[]
}

/** What is sent or answered. */
export interface Body {
  /** Component. */
  readonly name: string
  readonly isRequired: boolean
  /** Media types. */
  readonly types: readonly string[]
}

/** A path with its operations. Parameters that all of them have stand beside them, once. */
export function pathItem(path: string, operations: readonly Operation[], format: Format): object {
  const own = pathParameters(path)
  const common = operations[0]!.query.filter(({ name }) => operations.every(({ query }) => query.some((other) => other.name === name)))
  const shared = inOrderOfName([...own, ...common])
  return {
    ...Object.fromEntries(
      operations.map((operation) => [
        operation.method,
        shownOperation({ ...operation, query: operation.query.filter((parameter) => !common.includes(sameOf(common, parameter))) }, format),
      ]),
    ),
    ...(shared.length > 0 && { parameters: shared.map((parameter) => shownParameter(parameter, format)) }),
  }
}

const sameOf = (list: readonly Parameter[], { name }: Parameter): Parameter => list.find((other) => other.name === name) as Parameter

function shownOperation(operation: Operation, format: Format): object {
  const { tag, operationId, action, groupVersionKind, query, body, answers, consumes, produces } = operation
  const parameters = inOrderOfName(query).map((parameter) => shownParameter(parameter, format))
  const bodyParameter = format === 'v2' && body !== undefined ? [shownBody(body)] : []
  return {
    tags: [tag],
    operationId,
    ...(format === 'v2' && { ...(consumes !== undefined && { consumes }), produces, schemes: ['https'] }),
    ...(parameters.length + bodyParameter.length > 0 && { parameters: [...bodyParameter, ...parameters] }),
    ...(format === 'v3' &&
      body !== undefined && {
        requestBody: { content: media(body.types, body.name), ...(body.isRequired && { required: true }) },
      }),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, name]) => [
          status,
          {
            description: descriptions[status],
            ...(format === 'v2' ? { schema: schemaOf(name, format) } : { content: media(produces, name) }),
          },
        ]),
      ),
      401: { description: 'Unauthorized' },
    },
    ...(action !== undefined && { 'x-kubernetes-action': action }),
    ...(groupVersionKind !== undefined && { 'x-kubernetes-group-version-kind': groupVersionKind }),
  }
}

const descriptions: Readonly<Record<string, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

const schemaOf = (name: string | null, format: Format): object =>
  name === null ? { type: 'string' } : { $ref: `${format === 'v3' ? '#/components/schemas/' : '#/definitions/'}${name}` }

const media = (types: readonly string[], name: string | null): object =>
  Object.fromEntries(types.toSorted().map((type) => [type, { schema: schemaOf(name, 'v3') }]))

const shownParameter = ({ name, in: place, type }: Parameter, format: Format): object => ({
  name,
  in: place,
  ...(place === 'path' && { required: true }),
  ...(format === 'v3' ? { schema: { type, uniqueItems: true } } : { type, uniqueItems: true }),
})

const shownBody = ({ name, isRequired }: Body): object => ({
  name: 'body',
  in: 'body',
  ...(isRequired && { required: true }),
  schema: schemaOf(name, 'v2'),
})

/** A group as part of an operation's id: `RbacAuthorization`; and of its tag, `rbacAuthorization`. */
export function wordOf(group: string): string {
  const plain = group === '' ? 'core' : group.replace('.k8s.io', '')
  return plain.replace(/[^A-Za-z0-9]+([A-Za-z0-9]?)/g, (_, letter: string) => letter.toUpperCase())
}

/** The first letter of a word made large. */
export const capital = (word: string): string => word.slice(0, 1).toUpperCase() + word.slice(1)
