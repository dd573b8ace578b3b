import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { noFeatures } from '#api/features.ts'
import type { AnyKind, WriteContext } from '#api/kind.ts'
import { apiVersionOf } from '#api/kind.ts'
import { kinds } from '#api/kinds.ts'
import { validateMetadata, validateMetadataUpdate } from '#api/meta/v1/validate-metadata.ts'
import type { Cause } from '#lib/errors.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'

/**
 * Replays recorded requests without a server: a body goes through decoding, defaults and validation, and its causes are compared with those
 * that the reference answered. For tests only; the corpus stands beside the repository, not in it.
 */

interface Step {
  readonly method: string
  readonly path: string
  readonly body?: Body
  readonly type?: string
  readonly note?: string
  readonly want: { readonly s: number; readonly b?: unknown }
}
type Body = { readonly $base?: string; readonly set?: Record<string, unknown>; readonly del?: readonly string[] } & Record<string, unknown>
interface Case {
  readonly id: string
  readonly kind: string
  readonly steps: readonly Step[]
}

/** How one recorded request went. */
export interface Outcome {
  readonly id: string
  readonly step: number
  readonly kind: string
  readonly note: string
  /** What the reference said and we did not, and the other way round. Both empty: they agree. */
  readonly missing: readonly string[]
  readonly extra: readonly string[]
}

const id = 'abcdefgh'
const context: WriteContext = {
  now: '2026-01-01T00:00:00Z',
  user: { name: 'kubernetes-admin', groups: ['system:masters'] },
  subresource: '',
  dryRun: false,
}

/** Every create and update of a kind that we have, in one area of the corpus. */
export function replay(corpus: string, area: string, only?: RegExp): Outcome[] {
  const objects = JSON.parse(readFileSync(`${corpus}/cases/objects.json`, 'utf8')) as Record<string, unknown>
  const outcomes: Outcome[] = []
  for (const file of readdirSync(`${corpus}/cases/${area}`).filter((name) => name.endsWith('.jsonl'))) {
    for (const line of readFileSync(`${corpus}/cases/${area}/${file}`, 'utf8').split('\n')) {
      if (line === '') continue
      const one = JSON.parse(line) as Case
      if (only !== undefined && !only.test(one.id)) continue
      outcomes.push(...replayCase(one, objects))
    }
  }
  return outcomes
}

/** Whether the recorded answers are on this machine. */
export const hasCorpus = (corpus: string): boolean => existsSync(`${corpus}/cases/objects.json`)

function replayCase(one: Case, objects: Readonly<Record<string, unknown>>): Outcome[] {
  const outcomes: Outcome[] = []
  const stored = new Map<string, unknown>()
  for (const [step, { method, path, body, type, want, note = '' }] of one.steps.entries()) {
    if (body === undefined || (type !== undefined && type !== 'application/json')) continue
    const url = new URL(path, 'http://server')
    const target = targetOf(decodeURIComponent(url.pathname))
    if (target === undefined || (method !== 'POST' && method !== 'PUT')) continue
    if (want.s !== 200 && want.s !== 201 && want.s !== 422) continue
    const raw = JSON.parse(fill(JSON.stringify(bodyOf(body, objects)))) as unknown
    const decoded = decode(target.kind as never, raw)
    if (decoded.errors.length > 0 || typeof decoded.value !== 'object') continue
    const previous = method === 'PUT' ? stored.get(target.key) : undefined
    if (method === 'PUT' && previous === undefined) continue
    const object = complete(target.kind, decoded.value, previous, target.namespace)
    const key = method === 'POST' ? `${target.key}/${nameOf(object)}` : target.key
    const causes = check(target.kind, object, previous)
    if (want.s !== 422 && !url.searchParams.has('dryRun')) stored.set(key, object)
    const expected = want.s === 422 ? causesOf(one, step) : []
    if (expected === undefined) continue
    const ours = causes.map(textOf)
    outcomes.push({
      id: one.id,
      step,
      kind: one.kind,
      note,
      missing: expected.filter((text) => !ours.some((own) => agree(text, own))),
      extra: ours.filter((own) => !expected.some((text) => agree(text, own))),
    })
  }
  return outcomes
}

const textOf = ({ field, message, reason }: Cause): string => `${field}: ${message.replace(/\n[\s\S]*$/, '')} (${reason})`
/** Long texts are cut in the recording. */
function agree(recorded: string, ours: string): boolean {
  const end = recorded.indexOf('<cut>')
  return end < 0 ? recorded === ours : ours.startsWith(recorded.slice(0, end))
}
const nameOf = (object: unknown): string => (object as { metadata: { name?: string } }).metadata.name ?? ''
// biome-ignore-start lint/suspicious/noTemplateCurlyInString: the corpus has placeholders of this form
const fill = (text: string): string =>
  text
    .replaceAll('${id}', id)
    .replaceAll('${ns}', `d-${id}`)
    .replaceAll('${rv}', '1')
    .replaceAll('${uid}', 'u')
    .replaceAll('<rand>', 'bcdfg')
// biome-ignore-end lint/suspicious/noTemplateCurlyInString: see above

function targetOf(path: string): { readonly kind: AnyKind; readonly key: string; readonly namespace: string | undefined } | undefined {
  const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+)(?=\/))?\/([^/]+)(\/[^/]+)?$/.exec(fill(path))
  if (match === null) return undefined
  const [, group = '', version, namespace, plural] = match
  const kind = kinds.find((one) => one.group === group && one.version === version && one.plural === plural)
  return kind && { kind, key: fill(path), namespace }
}

function complete(kind: AnyKind, value: unknown, previous: unknown, namespace: string | undefined): unknown {
  const { rules } = kind
  let object = withDefaults<unknown>(kind, { apiVersion: apiVersionOf(kind), kind: kind.kind, ...(value as object) }) as {
    metadata: Record<string, unknown>
  }
  object = (rules.defaults?.(object) ?? object) as never
  const old = (previous as { metadata?: Record<string, unknown> } | undefined)?.metadata
  const server =
    old === undefined ? { uid: 'u', resourceVersion: '1', creationTimestamp: context.now } : { ...old, ...pick(object.metadata, ['uid']) }
  object = {
    ...object,
    metadata: { ...object.metadata, ...pick(server, ['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp']) },
  }
  if (kind.scope === 'Namespaced' && namespace !== undefined) object.metadata = { ...object.metadata, namespace }
  // The recorded names end in a placeholder where the server's random letters stood.
  if (!object.metadata.name && object.metadata.generateName) object.metadata.name = `${object.metadata.generateName as string}bcdfg`
  object = rules.dropDisabled?.(object, previous, noFeatures) ?? object
  object = (previous === undefined ? rules.prepareCreate?.(object, context) : rules.prepareUpdate?.(object, previous, context)) ?? object
  if ((rules.claimable?.(object, previous, context) ?? []).length > 0) return object
  let allotted = 10
  for (const claim of rules.claims?.(object, { previous }) ?? [])
    if (claim.value === '') object = claim.set(object, claim.pool === 'IPv4' ? `10.96.0.${(allotted += 1)}` : `${30000 + (allotted += 1)}`)
  return object
}

const pick = (from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]))

/** What the API server's path does with the causes of a write. */
export function check(kind: AnyKind, object: unknown, previous: unknown): readonly Cause[] {
  const { rules } = kind
  const metadata = (object as { metadata: never }).metadata
  const unclaimable = rules.claimable?.(object, previous, context) ?? []
  if (unclaimable.length > 0) return unclaimable
  if (previous === undefined) return [...validateMetadata(metadata, kind), ...(rules.validate?.(object, context) ?? [])]
  const before = (previous as { metadata: never }).metadata
  return [
    ...validateMetadataUpdate(metadata, before, kind),
    ...((rules.validateUpdate ?? rules.validate)?.(object, previous, context) ?? []),
  ]
}

function bodyOf(body: Body, objects: Readonly<Record<string, unknown>>): unknown {
  if (body.$base === undefined) return body
  return edit(structuredClone(objects[body.$base]), body)
}

/** The causes of the recorded answer; undefined when it is no ordinary one. */
function causesOf(one: Case, step: number): string[] | undefined {
  const answer = answerOf(one, step) as { details?: { causes?: Cause[] } } | undefined
  return answer?.details?.causes?.map((cause) => fill(textOf(cause)))
}

function answerOf(one: Case, step: number): unknown {
  const body = one.steps[step]?.want.b as (Body & { $step?: number }) | undefined
  if (body === undefined || body.$base !== undefined) return undefined
  return body.$step === undefined ? body : edit(structuredClone(answerOf(one, body.$step)), body)
}

function edit(root: unknown, { set = {}, del = [] }: Pick<Body, 'set' | 'del'>): unknown {
  for (const pointer of del) {
    const [parent, key] = parentOf(root, pointer)
    if (Array.isArray(parent)) parent.splice(Number(key), 1)
    else if (parent !== undefined) delete parent[key]
  }
  for (const [pointer, value] of Object.entries(set)) {
    const [parent, key] = parentOf(root, pointer, true)
    if (Array.isArray(parent) && key === '-') parent.push(value)
    else if (parent !== undefined) parent[key] = value
  }
  return root
}

function parentOf(root: unknown, pointer: string, create = false): [Record<string, unknown> | undefined, string] {
  const keys = pointer
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
  let at = root as Record<string, unknown> | undefined
  for (const [i, key] of keys.slice(0, -1).entries()) {
    if (at?.[key] === undefined && create && at !== undefined) at[key] = /^(\d+|-)$/.test(keys[i + 1]!) ? [] : {}
    at = at?.[key] as Record<string, unknown> | undefined
  }
  return [at, keys.at(-1)!]
}
