import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { someSchema } from '#schema/structural/some-schema.ts'
import type { JsonSchema, Structural } from '#schema/structural/structural.ts'
import { structuralProblem, validateStructural } from '#schema/structural/validate-structural.ts'
import { checkDns1035Label, checkDns1123Subdomain, child, index, invalid, notSupported, required } from '#schema/validate.ts'
import { isTrue } from '../conditions.ts'
import { type InternalSpec, type InternalVersion, internalSpecOf } from '../internal-spec.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionNames, CustomResourceDefinitionSpec } from '../types.ts'
import { validateApproval } from './approval.ts'
import { dumpVersions } from './go-dump.ts'
import { validateConversion } from './validate-conversion.ts'
import { hasUnprunedDefaults } from './validate-defaults.ts'
import { itemsOfSetsAndMaps, singleItem } from './validate-schema.ts'
import {
  type VersionOptions,
  validateColumns,
  validateSelectableFields,
  validateSubresources,
  validateVersionSchema,
} from './validate-version.ts'

/** What a definition has to be, tightened over the years: what an older one got by with, it may keep. */
interface Options extends VersionOptions {
  readonly requireRecognizedReview: boolean
  readonly requireSchema: boolean
  readonly allowBadBundle: boolean
  readonly unchangedVersions: ReadonlySet<string>
}

/** All that is wrong with a new definition, beside its metadata. */
export function validateDefinition(definition: CustomResourceDefinition): Cause[] {
  const { metadata, spec } = definition
  const wanted = `${spec.names.plural}.${spec.group}`
  // A name that is missing has been missed already.
  const names = (['generateName', 'name'] as const)
    .filter((name) => metadata[name] && metadata[name] !== wanted)
    .map((name) => invalid(`metadata.${name}`, metadata[name], 'must be spec.names.plural+"."+spec.group'))
  return [
    ...names,
    ...validateSpec(internalSpecOf(spec), {
      requireRecognizedReview: true,
      requireSchema: true,
      requireStructural: true,
      requireValidType: true,
      requireAtomicSets: true,
      requireKeys: true,
      requirePruned: true,
      allowBadBundle: true,
      unchangedVersions: new Set(),
      manySelectable: new Set(),
    }),
    ...validateStatus(definition),
    ...validateApproval(definition, undefined),
    ...validatePreserving(definition, undefined),
  ]
}

/** All that is wrong with a change of one. */
export function validateDefinitionUpdate(next: CustomResourceDefinition, previous: CustomResourceDefinition): Cause[] {
  const before = previous.spec
  const has = (isWanted: (schema: JsonSchema) => boolean): boolean => schemasOf(before).some((schema) => someSchema(schema, isWanted))
  const options: Options = {
    requireRecognizedReview: isRecognized(before),
    requireSchema: (before.versions ?? []).every(({ schema }) => schema?.openAPIV3Schema !== undefined),
    requireStructural: !schemasOf(before).some(isNotStructural),
    requireValidType: !has(({ type }) => !!type && !types.includes(type)),
    requireAtomicSets: !has(isSetOfParts),
    requireKeys: !has((schema) => itemsOfSetsAndMaps(schema, '').length > 0),
    requirePruned: !schemasOf(before).some((schema) => !isNotStructural(schema) && hasUnprunedDefaults(schema as Structural)),
    allowBadBundle: !isTrue(previous, 'Established'),
    unchangedVersions: new Set(
      (next.spec.versions ?? [])
        .filter(({ name, schema }) => (before.versions ?? []).some((old) => old.name === name && same(old.schema, schema)))
        .map(({ name }) => name),
    ),
    manySelectable: new Set(
      (next.spec.versions ?? [])
        .filter(({ name, selectableFields }) =>
          (before.versions ?? []).some(
            (old) => old.name === name && (old.selectableFields?.length ?? 0) > 8 && same(old.selectableFields, selectableFields),
          ),
        )
        .map(({ name }) => name),
    ),
  }
  return [
    ...validateSpec(internalSpecOf(next.spec), options),
    ...(isTrue(previous, 'Established')
      ? [
          ...unchanged('spec.scope', next.spec.scope, before.scope),
          ...unchanged('spec.names.kind', next.spec.names.kind, before.names.kind),
        ]
      : []),
    ...unchanged('spec.group', next.spec.group, before.group),
    ...unchanged('spec.names.plural', next.spec.names.plural, before.names.plural),
    ...validateStatus(next),
    ...validateApproval(next, previous),
    ...validatePreserving(next, previous),
  ]
}

const unchanged = (path: string, next: string, previous: string): Cause[] =>
  next === previous ? [] : [invalid(path, next, 'field is immutable')]

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string']

const schemasOf = (spec: CustomResourceDefinitionSpec): readonly JsonSchema[] =>
  (spec.versions ?? []).flatMap(({ schema }) => (schema?.openAPIV3Schema === undefined ? [] : [schema.openAPIV3Schema]))

const isNotStructural = (schema: JsonSchema): boolean =>
  structuralProblem(schema) !== undefined || validateStructural(schema as Structural, '').length > 0

function isSetOfParts(schema: JsonSchema): boolean {
  const item = singleItem(schema)
  if (schema['x-kubernetes-list-type'] !== 'set' || item === undefined) return false
  const listType = item['x-kubernetes-list-type']
  return item.type === 'array'
    ? listType !== undefined && listType !== 'atomic'
    : item.type === 'object' && item['x-kubernetes-map-type'] !== 'atomic'
}

const isRecognized = ({ conversion }: CustomResourceDefinitionSpec): boolean => {
  const versions = conversion?.webhook?.conversionReviewVersions ?? []
  return versions.length === 0 || versions.some((version) => version === 'v1' || version === 'v1beta1')
}

function validateSpec(spec: InternalSpec, options: Options): Cause[] {
  const { names, versions } = spec
  const causes: Cause[] = [...validateGroup(spec.group), ...validateScope(spec.scope)]
  const isPruned = spec.preserveUnknownFields !== true
  const schemas = [spec.validation?.openAPIV3Schema, ...versions.map(({ schema }) => schema?.openAPIV3Schema)]
  const own: Options = { ...options, requireStructural: options.requireStructural || isPruned || schemas.some(usesExtensions) }
  if (spec.validation?.openAPIV3Schema === undefined)
    for (const [i, version] of versions.entries()) {
      if (version.schema?.openAPIV3Schema !== undefined) continue
      const path = `spec.versions[${i}].schema.openAPIV3Schema`
      if (options.requireSchema) causes.push(required(path))
      else if (isPruned && version.served) causes.push(required(path, 'because otherwise all fields are pruned'))
    }
  if (!isPruned && schemas.some((schema) => someSchema(schema, (part) => part.default !== undefined)))
    causes.push(invalid('spec.preserveUnknownFields', true, 'must be false in order to use defaults in the schema'))
  for (const [i, version] of versions.entries()) {
    const problems = checkDns1035Label(version.name)
    if (problems.length > 0) causes.push(invalid(`spec.versions[${i}].name`, version.name, problems.join(',')))
    causes.push(...validateVersion(spec, version, `spec.versions[${i}]`, own))
  }
  causes.push(...validateSameness(versions))
  const dump = (): object[] | null => (spec.hasNoVersions === true ? null : dumpVersions(versions))
  if (new Set(versions.map(({ name }) => name)).size < versions.length)
    causes.push(invalid('spec.versions', dump(), 'must contain unique version names'))
  if (versions.filter(({ storage }) => storage).length !== 1)
    causes.push(invalid('spec.versions', dump(), 'must have exactly one version marked as storage version'))
  if (spec.version !== '') {
    const problems = checkDns1035Label(spec.version)
    if (problems.length > 0) causes.push(invalid('spec.version', spec.version, problems.join(',')))
  }
  for (const name of ['plural', 'singular', 'kind', 'listKind'] as const) if (!names[name]) causes.push(required(`spec.names.${name}`))
  causes.push(...validateNames(names, 'spec.names'))
  if (spec.validation !== undefined) {
    const hasStatus = spec.subresources?.status !== undefined || versions.some(({ subresources }) => subresources?.status !== undefined)
    const isUnchanged = own.unchangedVersions.has(spec.version)
    causes.push(...validateVersionSchema(spec.validation, 'spec.validation', hasStatus, isUnchanged, own))
  }
  causes.push(...validateSubresources(spec.subresources, 'spec.subresources'))
  causes.push(...validateColumns(spec.additionalPrinterColumns, 'spec.additionalPrinterColumns'))
  if ((spec.selectableFields?.length ?? 0) > 0) {
    const schema = spec.validation?.openAPIV3Schema
    if (spec.validation === undefined)
      causes.push(invalid('spec.selectableFields', '', 'may only be set when validations.schema is included'))
    else if (schema !== undefined)
      causes.push(
        ...validateSelectableFields(spec.selectableFields!, schema, 'spec.selectableFields', own.manySelectable.has(spec.version)),
      )
  }
  if (spec.conversion !== undefined) {
    if (spec.conversion.strategy !== 'None' && !isPruned)
      causes.push(invalid('spec.conversion.strategy', spec.conversion.strategy, 'must be None if spec.preserveUnknownFields is true'))
    causes.push(...validateConversion(spec.conversion, 'spec.conversion', own))
  }
  return causes
}

function validateGroup(group: string): Cause[] {
  if (group === '') return [required('spec.group')]
  const problems = checkDns1123Subdomain(group)
  if (problems.length > 0) return [invalid('spec.group', group, problems.join(','))]
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')]
}

function validateScope(scope: string): Cause[] {
  if (scope === '') return [required('spec.scope')]
  return scope === 'Cluster' || scope === 'Namespaced' ? [] : [notSupported('spec.scope', scope, ['Cluster', 'Namespaced'])]
}

const usesExtensions = (schema: JsonSchema | undefined): boolean =>
  someSchema(
    schema,
    (part) =>
      part.default !== undefined ||
      part['x-kubernetes-embedded-resource'] === true ||
      part['x-kubernetes-preserve-unknown-fields'] !== undefined ||
      part['x-kubernetes-int-or-string'] === true ||
      (part['x-kubernetes-list-map-keys']?.length ?? 0) > 0 ||
      part['x-kubernetes-list-type'] !== undefined ||
      (part['x-kubernetes-validations']?.length ?? 0) > 0,
  )

function validateVersion(spec: InternalSpec, version: InternalVersion, path: string, options: Options): Cause[] {
  const causes = deprecationProblems(version).map((problem) =>
    invalid(child(path, 'deprecationWarning'), version.deprecationWarning, problem),
  )
  const hasOwn = spec.versions.some(({ subresources }) => subresources !== undefined)
  const status = (hasOwn ? version.subresources : spec.subresources)?.status
  if (version.schema !== undefined) {
    const isUnchanged = options.unchangedVersions.has(version.name)
    causes.push(...validateVersionSchema(version.schema, child(path, 'schema'), status !== undefined, isUnchanged, options))
  }
  causes.push(...validateSubresources(version.subresources, child(path, 'subresources')))
  causes.push(...validateColumns(version.additionalPrinterColumns, child(path, 'additionalPrinterColumns')))
  const fields = version.selectableFields ?? []
  if (fields.length > 0) {
    const schema = version.schema?.openAPIV3Schema
    const fieldsPath = child(path, 'selectableFields')
    if (schema === undefined) causes.push(invalid(fieldsPath, '', 'may only be set when `version.schema.openAPIV3Schema` is not included'))
    else causes.push(...validateSelectableFields(fields, schema, fieldsPath, options.manySelectable.has(version.name)))
  }
  return causes
}

function deprecationProblems({ deprecated, deprecationWarning: warning }: InternalVersion): string[] {
  if (warning === undefined) return []
  if (!deprecated) return ['can only be set for deprecated versions']
  const problems: string[] = []
  if (Buffer.byteLength(warning) > 256) problems.push('must be <= 256 characters long')
  if (warning === '') problems.push('must not be an empty string')
  let at = 0
  for (const character of warning) {
    if (!/[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)) {
      problems.push(`must only contain printable UTF-8 characters; non-printable character found at index ${at}`)
      break
    }
    at += Buffer.byteLength(character)
  }
  return problems
}

/** What all versions say alike stands at the top, so equal parts cannot be here; the reference checks all the same. */
function validateSameness(versions: readonly InternalVersion[]): Cause[] {
  const [first] = versions
  const areSame = (part: 'schema' | 'subresources' | 'additionalPrinterColumns'): boolean =>
    first?.[part] !== undefined && versions.every((version) => version[part] !== undefined && same(version[part], first[part]))
  const problem = (what: string, top: string): Cause =>
    invalid(
      'spec.versions',
      dumpVersions(versions),
      `per-version ${what} may not all be set to identical values (top-level ${top} should be used instead)`,
    )
  return [
    ...(areSame('schema') ? [problem('schemas', 'validation')] : []),
    ...(areSame('subresources') ? [problem('subresources', 'subresources')] : []),
    ...(areSame('additionalPrinterColumns') ? [problem('additionalPrinterColumns', 'additionalPrinterColumns')] : []),
  ]
}

/** What is wrong with names, wanted ones or accepted ones. Those that are empty are not looked at. */
export function validateNames(names: CustomResourceDefinitionNames, path: string): Cause[] {
  const causes: Cause[] = []
  const check = (place: string, value: string | undefined, isMixed: boolean): void => {
    const problems = value ? checkDns1035Label(isMixed ? value.toLowerCase() : value) : []
    const prefix = isMixed ? 'may have mixed case, but should otherwise match: ' : ''
    if (problems.length > 0) causes.push(invalid(place, value, prefix + problems.join(',')))
  }
  check(child(path, 'plural'), names.plural, false)
  check(child(path, 'singular'), names.singular, false)
  check(child(path, 'kind'), names.kind, true)
  check(child(path, 'listKind'), names.listKind, true)
  const each = (list: readonly string[] | undefined, place: string): void => {
    for (const [i, name] of (list ?? []).entries()) {
      const problems = checkDns1035Label(name)
      if (problems.length > 0) causes.push(invalid(index(place, i), name, problems.join(',')))
    }
  }
  each(names.shortNames, child(path, 'shortNames'))
  if (names.kind && names.kind === names.listKind)
    causes.push(invalid(child(path, 'listKind'), names.listKind, 'kind and listKind may not be the same'))
  each(names.categories, child(path, 'categories'))
  return causes
}

function validateStatus({ spec, status }: CustomResourceDefinition): Cause[] {
  const causes = validateNames(status.acceptedNames, 'status.acceptedNames')
  const stored = status.storedVersions ?? []
  const path = 'status.storedVersions'
  if (stored.length === 0) return [...causes, invalid(path, null, 'must have at least one stored version')]
  // Of versions with the same name only the first can be the one that is meant.
  const left = new Set(stored)
  for (const { name, storage } of spec.versions ?? [])
    if (!left.delete(name) && storage) causes.push(invalid(path, stored, `must have the storage version ${name}`))
  for (const [i, name] of stored.entries()) {
    if (spec.versions?.some((version) => version.name === name)) continue
    causes.push(
      invalid(
        index(path, i),
        name,
        `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`,
      ),
    )
  }
  return causes
}

const validatePreserving = (next: CustomResourceDefinition, previous: CustomResourceDefinition | undefined): Cause[] =>
  next.spec.preserveUnknownFields === true && previous?.spec.preserveUnknownFields !== true
    ? [
        invalid(
          'spec.preserveUnknownFields',
          true,
          'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
        ),
      ]
    : []
