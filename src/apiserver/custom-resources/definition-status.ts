import {
  type ConditionType,
  cleanupFinalizer,
  findCondition,
  isTrue,
  type NewCondition,
  withCondition,
} from '#api/apiextensions/v1/conditions.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionNames as Names } from '#api/apiextensions/v1/types.ts'
import { approvalOf, isProtectedGroup } from '#api/apiextensions/v1/validation/approval.ts'
import { isBundle } from '#api/apiextensions/v1/validation/validate-conversion.ts'
import { same } from '#api/strategy.ts'
import type { Structural } from '#schema/structural/structural.ts'
import { structuralProblem, validateStructural } from '#schema/structural/validate-structural.ts'

type Status = CustomResourceDefinition['status']

/**
 * The status that a definition should have, given all others of its group: which names it has got, whether it is served, and what is
 * remarkable about it. The very same status where nothing is to change. Pure: `now` is RFC 3339.
 */
export function statusOf(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[], now: string): Status {
  let status = withNames(definition, others, now)
  status = withEstablished({ ...definition, status }, now)
  status = withStructure({ ...definition, status }, now)
  return withApproval({ ...definition, status }, now)
}

/** Whether a definition is served: once its names are its own, it stays so whatever they become. */
export const isServed = (definition: CustomResourceDefinition): boolean =>
  isTrue(definition, 'NamesAccepted') || isTrue(definition, 'Established')

/** Whether its objects are to be deleted before it. */
export const isCleaning = ({ metadata }: CustomResourceDefinition): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers?.includes(cleanupFinalizer) ?? false)

function set(status: Status, condition: NewCondition, now: string): Status {
  const before = status.conditions?.find(({ type }) => type === condition.type)
  const isSame = before?.status === condition.status && before.reason === condition.reason && before.message === condition.message
  return isSame ? status : { ...status, conditions: withCondition(status.conditions, condition, now) }
}

function withNames(definition: CustomResourceDefinition, others: readonly CustomResourceDefinition[], now: string): Status {
  const { spec, status } = definition
  const accepted = status.acceptedNames
  if (same(spec.names, accepted)) return status
  // Names of its own count as taken too: they are told apart from foreign ones by comparing with those that it has.
  const all = [definition, ...others].map((other) => other.status.acceptedNames)
  const resources = new Set(all.flatMap(({ plural, singular, shortNames }) => [plural, singular ?? '', ...(shortNames ?? [])]))
  const kinds = new Set(all.flatMap(({ kind, listKind }) => [kind, listKind ?? '']))
  const names: { -readonly [K in keyof Names]: Names[K] } = { ...accepted }
  let conflict: { readonly reason: string; readonly message: string } | undefined
  const claim = (field: 'plural' | 'singular' | 'kind' | 'listKind', reason: string, taken: ReadonlySet<string>): void => {
    const wanted = spec.names[field] ?? ''
    if (wanted !== (accepted[field] ?? '') && taken.has(wanted))
      conflict = { reason, message: `${JSON.stringify(wanted)} is already in use` }
    else if (wanted !== '') names[field] = wanted
  }
  claim('plural', 'PluralConflict', resources)
  claim('singular', 'SingularConflict', resources)
  if (!same(spec.names.shortNames, accepted.shortNames)) {
    const bad = (spec.names.shortNames ?? []).filter((name) => !accepted.shortNames?.includes(name) && name !== '' && resources.has(name))
    const texts = [...new Set(bad)].map((name) => `${JSON.stringify(name)} is already in use`)
    if (texts.length > 0) conflict = { reason: 'ShortNamesConflict', message: texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]` }
    else {
      delete names.shortNames
      if (spec.names.shortNames !== undefined) names.shortNames = spec.names.shortNames
    }
  }
  claim('kind', 'KindConflict', kinds)
  claim('listKind', 'ListKindConflict', kinds)
  delete names.categories
  if (spec.names.categories !== undefined) names.categories = spec.names.categories
  const condition: NewCondition =
    conflict === undefined
      ? { type: 'NamesAccepted', status: 'True', reason: 'NoConflicts', message: 'no conflicts found' }
      : { type: 'NamesAccepted', status: 'False', ...conflict }
  const next = set({ ...status, acceptedNames: same(names, accepted) ? accepted : names }, condition, now)
  const isUnchanged = next.acceptedNames === accepted && next.conditions === status.conditions
  if (isUnchanged) return status
  // A definition that never was established says why it is not.
  return findCondition(definition, 'Established') === undefined && conflict !== undefined
    ? set(next, { type: 'Established', status: 'False', reason: 'NotAccepted', message: 'not all names are accepted' }, now)
    : next
}

function withEstablished(definition: CustomResourceDefinition, now: string): Status {
  const { status, spec } = definition
  if (!isTrue(definition, 'NamesAccepted') || isTrue(definition, 'Established')) return status
  const caBundle = spec.conversion?.webhook?.clientConfig?.caBundle
  return set(
    status,
    caBundle && !isBundle(caBundle)
      ? { type: 'Established', status: 'False', reason: 'InvalidCABundle', message: 'The conversion webhook CABundle is invalid' }
      : { type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'the initial names have been accepted' },
    now,
  )
}

function withStructure(definition: CustomResourceDefinition, now: string): Status {
  const { status } = definition
  const condition = structureOf(definition)
  if (condition !== undefined) return set(status, condition, now)
  const type: ConditionType = 'NonStructuralSchema'
  return findCondition(definition, type) === undefined
    ? status
    : { ...status, conditions: status.conditions.filter((other) => other.type !== type) }
}

/** New definitions have to be structural; one from before that rule says so. */
function structureOf({ spec }: CustomResourceDefinition): NewCondition | undefined {
  const texts = spec.preserveUnknownFields === true ? ['spec.preserveUnknownFields: Invalid value: true: must be false'] : []
  for (const [i, { name, schema }] of spec.versions.entries()) {
    if (schema?.openAPIV3Schema === undefined) continue
    const problem = structuralProblem(schema.openAPIV3Schema)
    if (problem !== undefined)
      return {
        type: 'NonStructuralSchema',
        status: 'Unknown',
        reason: 'StructuralError',
        message: `failed to check validation schema for version ${name}: ${problem}`,
      }
    const path = `spec.versions[${i}].schema.openAPIV3Schema`
    texts.push(...validateStructural(schema.openAPIV3Schema as Structural, path).map(({ field, message }) => `${field}: ${message}`))
  }
  if (texts.length === 0) return undefined
  const message = texts.length === 1 ? texts[0]! : `[${texts.join(', ')}]`
  return { type: 'NonStructuralSchema', status: 'True', reason: 'Violations', message }
}

const approvalReasons = {
  invalid: 'InvalidAnnotation',
  missing: 'MissingAnnotation',
  approved: 'ApprovedAnnotation',
  bypassed: 'UnapprovedAnnotation',
} as const

function withApproval(definition: CustomResourceDefinition, now: string): Status {
  if (!isProtectedGroup(definition.spec.group)) return definition.status
  const { state, reason: message } = approvalOf(definition)
  return set(
    definition.status,
    {
      type: 'KubernetesAPIApprovalPolicyConformant',
      status: state === 'approved' ? 'True' : 'False',
      reason: approvalReasons[state],
      message,
    },
    now,
  )
}
