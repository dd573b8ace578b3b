import type { KubeObject } from '#api/kind.ts'
import { parseYamlDocuments } from '#schema/yaml.ts'

/** A text with objects in YAML or JSON, and what it is called in messages: `shop/web.yaml`. */
export interface ManifestText {
  readonly name: string
  readonly text: string
}

/** One object as its author wrote it. */
export interface Manifest {
  /** `shop/web.yaml, document 2`. */
  readonly where: string
  readonly object: ManifestObject
}

export type ManifestObject = Pick<KubeObject, 'apiVersion' | 'kind'> & {
  readonly metadata: {
    readonly name?: string
    readonly generateName?: string
    readonly namespace?: string
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

/** What is wrong with one manifest: where it stands, which field, and what to do, as one sentence. */
export interface ManifestProblem {
  readonly where: string
  readonly problem: string
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[]
  readonly problems: readonly ManifestProblem[]
}

/** Objects of texts in their order, items of a List as if they stood by themselves. All problems are told at once. */
export function readManifests(texts: readonly ManifestText[]): ReadManifests {
  const manifests: Manifest[] = []
  const problems: ManifestProblem[] = []
  for (const { name, text } of texts) {
    const found = documentsOf(text)
    if (typeof found === 'string') problems.push({ where: name, problem: found })
    else
      for (const [index, { value, duplicates }] of found.entries()) {
        const where = `${name}, document ${index + 1}`
        for (const duplicate of duplicates) problems.push({ where, problem: `${duplicate}; leave one of the two out` })
        take(value, where)
      }
  }
  return { manifests, problems }

  function take(value: unknown, where: string): void {
    const items = itemsOf(value)
    if (items !== undefined) {
      for (const [index, item] of items.entries()) take(item, `${where}, item ${index + 1}`)
      return
    }
    const problem = problemOf(value)
    if (problem === undefined) manifests.push({ where, object: value as ManifestObject })
    else problems.push({ where, problem })
  }
}

/** `Deployment shop/web`, for people. */
export const titleOf = ({ kind, metadata: { name, generateName, namespace } }: ManifestObject): string =>
  `${kind} ${namespace ? `${namespace}/` : ''}${name ?? `${generateName}…`}`

function documentsOf(text: string): ReturnType<typeof parseYamlDocuments> | string {
  try {
    return parseYamlDocuments(text)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return `this is neither YAML nor JSON: ${error.message.replace(/^yaml: /, '')}`
  }
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (!isRecord(value) || typeof value['kind'] !== 'string' || !value['kind'].endsWith('List')) return undefined
  return Array.isArray(value['items']) ? value['items'] : undefined
}

function problemOf(value: unknown): string | undefined {
  if (!isRecord(value))
    return `this is ${typeof value === 'string' ? 'a text' : 'a list or a value'}, not an object; write apiVersion, kind and metadata`
  for (const field of ['apiVersion', 'kind'])
    if (typeof value[field] !== 'string' || value[field] === '') return `${field} is missing; write ${examples[field]}`
  const { metadata } = value
  if (!isRecord(metadata)) return 'metadata is missing; write metadata: { name: web }'
  const { name, generateName, namespace } = metadata
  for (const [field, text] of Object.entries({ name, generateName, namespace }))
    if (text !== undefined && text !== null && typeof text !== 'string')
      return `metadata.${field} must be a text, not ${JSON.stringify(text)}; put it in quotes`
  return name || generateName ? undefined : 'metadata.name is missing; every object needs a name (or metadata.generateName)'
}

const examples: Readonly<Record<string, string>> = { apiVersion: 'apiVersion: apps/v1, for one', kind: 'kind: Deployment, for one' }

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)
