import type { ResourceAttributes } from '#api/authorization/v1/types.ts'
import { escapeFieldValue, parseFieldSelector } from '#api/meta/v1/field-selector.ts'
import { parseSelector } from '#api/meta/v1/selector.ts'
import { type Cause, isError } from '#lib/errors.ts'
import { checkLabelValue, checkQualifiedName } from '#schema/formats.ts'
import { child, index, invalid, invalidEach, required } from '#schema/validate.ts'

type SelectorAttributes = NonNullable<ResourceAttributes['fieldSelector'] | ResourceAttributes['labelSelector']>

/** What a review may not say about selectors. Unknown operators pass: newer clients may know more than we do. */
export function checkSelectors(attributes: ResourceAttributes | undefined): Cause[] {
  const path = 'spec.resourceAttributes'
  return [
    ...check(attributes?.fieldSelector, child(path, 'fieldSelector'), false),
    ...check(attributes?.labelSelector, child(path, 'labelSelector'), true),
  ]
}

/** The field selector as the text that a request would carry, and how far either selector could not be understood. */
export function readSelectors(attributes: ResourceAttributes | undefined): {
  readonly fieldSelector?: string
  readonly labelSelector?: string
  readonly problems: readonly string[]
} {
  const fields = readFields(attributes?.fieldSelector)
  const labels = readLabels(attributes?.labelSelector)
  const problem = (name: string, read: { text: string; failed: boolean }) =>
    read.failed ? [`spec.resourceAttributes.${name} ${read.text === '' ? 'ignored' : 'partially ignored'} due to parse error`] : []
  return {
    ...(fields.text !== '' && { fieldSelector: fields.text }),
    ...(labels.text !== '' && { labelSelector: labels.text }),
    problems: [...problem('fieldSelector', fields), ...problem('labelSelector', labels)],
  }
}

function check(selector: SelectorAttributes | undefined | null, path: string, isLabels: boolean): Cause[] {
  if (selector === undefined || selector === null) return []
  const raw = selector.rawSelector ?? ''
  const requirements = selector.requirements ?? []
  const causes: Cause[] = []
  if (raw !== '' && requirements.length > 0)
    causes.push(invalid(child(path, 'rawSelector'), raw, 'may not specified at the same time as requirements'))
  if (raw === '' && requirements.length === 0)
    causes.push(required(child(path, 'requirements'), `when ${path} is specified, requirements or rawSelector is required`))
  for (const [position, requirement] of requirements.entries()) {
    const at = index(child(path, 'requirements'), position)
    const values = requirement.values ?? []
    if (requirement.operator === 'In' || requirement.operator === 'NotIn') {
      if (values.length === 0) causes.push(required(child(at, 'values'), "must be specified when `operator` is 'In' or 'NotIn'"))
    } else if ((requirement.operator === 'Exists' || requirement.operator === 'DoesNotExist') && values.length > 0)
      causes.push({
        reason: 'FieldValueForbidden',
        field: child(at, 'values'),
        message: "Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
      })
    if (requirement.key === '' || requirement.key === undefined) {
      if (!isLabels) causes.push(required(child(at, 'key'), 'must be specified'))
    }
    if (isLabels) {
      causes.push(...invalidEach(child(at, 'key'), requirement.key, checkQualifiedName(requirement.key ?? '')))
      for (const [n, value] of values.entries()) causes.push(...invalidEach(index(child(at, 'values'), n), value, checkLabelValue(value)))
    }
  }
  return causes
}

function readFields(selector: SelectorAttributes | undefined | null): { text: string; failed: boolean } {
  if (selector?.rawSelector) return parsed(selector.rawSelector, parseFieldSelector)
  const terms: string[] = []
  let failed = false
  for (const { key, operator, values = [] } of selector?.requirements ?? []) {
    if (values.length === 1 && (operator === 'In' || operator === 'NotIn'))
      terms.push(`${key}${operator === 'In' ? '=' : '!='}${escapeFieldValue(values[0]!)}`)
    else failed = true
  }
  return { text: terms.join(','), failed }
}

function readLabels(selector: SelectorAttributes | undefined | null): { text: string; failed: boolean } {
  if (selector?.rawSelector) return parsed(selector.rawSelector, parseSelector)
  const terms: string[] = []
  let failed = false
  for (const { key, operator, values = [] } of selector?.requirements ?? []) {
    if (operator === 'In' || operator === 'NotIn') terms.push(`${key} ${operator.toLowerCase()} (${values.join(',')})`)
    else if (operator === 'Exists') terms.push(String(key))
    else if (operator === 'DoesNotExist') terms.push(`!${key}`)
    else failed = true
  }
  return { text: terms.join(','), failed }
}

function parsed(text: string, parse: (text: string) => unknown): { text: string; failed: boolean } {
  try {
    parse(text)
    return { text, failed: false }
  } catch (error) {
    if (isError(error, 'BadRequest')) return { text: '', failed: true }
    throw error
  }
}
