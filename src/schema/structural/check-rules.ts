import { optionalNone, optionalOf, type Value } from '#lib/cel/values.ts'
import type { Cause } from '#lib/errors.ts'
import { type CompiledRule, compileRules } from '../cel/rule.ts'
import { adoptAs } from '../cel/structural-values.ts'
import { isObject } from '../fields.ts'
import { child, duplicate, forbidden, index, invalid, key, required } from '../validate.ts'
import { type Correlation, keyOf } from './correlation.ts'
import { followFieldPath } from './field-path.ts'
import { additionalOf, type Structural, type ValidationRule } from './structural.ts'

/** What a run of all rules found. `ratcheted`: what is wrong as well, but was so before and did not change: clients are only warned. */
export interface RuleFindings {
  readonly causes: Cause[]
  readonly ratcheted: Cause[]
}

/** Runs all rules of a schema on a value, and transition rules on what it was. */
export type RuleCheck = (next: unknown, previous: unknown, path: string, correlation: Correlation | undefined) => RuleFindings

/**
 * The rules of a schema and its parts (`x-kubernetes-validations`), compiled once; undefined where there are none. `isResource`: the schema
 * is a whole object's. One check may cost what the reference allows (RuntimeCELCostBudget); then it ends, and says so.
 */
export function checkRules(schema: Structural, isResource: boolean): RuleCheck | undefined {
  const known = (isResource ? resources : values).get(schema)
  if (known !== undefined) return known === 'none' ? undefined : known
  const node = nodeOf(schema, isResource)
  const made: RuleCheck | undefined =
    node &&
    ((next, previous, path, correlation) => {
      const run: Run = { budget: costBudget, causes: [], ratcheted: [] }
      visit(run, node, next, previous, path, { current: correlation })
      return run
    })
  ;(isResource ? resources : values).set(schema, made ?? 'none')
  return made
}

const resources = new WeakMap<Structural, RuleCheck | 'none'>()
const values = new WeakMap<Structural, RuleCheck | 'none'>()

const costBudget = 10_000_000
const messageMaxBytes = 5 * 1024

/** A part of the schema below which there are rules. */
interface Node {
  readonly schema: Structural
  readonly rules: readonly CompiledRule[]
  readonly adopt: (raw: unknown) => Value
  readonly items: Node | undefined
  readonly additional: Node | undefined
  readonly properties: ReadonlyMap<string, Node>
}

function nodeOf(schema: Structural | undefined, isResource: boolean): Node | undefined {
  if (schema === undefined) return undefined
  const part = (of: Structural | undefined): Node | undefined => nodeOf(of, of?.['x-kubernetes-embedded-resource'] === true)
  const items = part(schema.items)
  const additional = part(additionalOf(schema))
  const properties = new Map<string, Node>()
  for (const [name, of] of Object.entries(schema.properties ?? {})) {
    const node = part(of)
    if (node !== undefined) properties.set(name, node)
  }
  const rules = compileRules(schema, isResource)
  if (rules.length === 0 && items === undefined && additional === undefined && properties.size === 0) return undefined
  const whole = isResource ? { ...schema, 'x-kubernetes-embedded-resource': true } : schema
  return { schema, rules, adopt: adoptAs(whole), items, additional, properties }
}

interface Run {
  /** What is left; below zero nothing more is run. */
  budget: number
  readonly causes: Cause[]
  readonly ratcheted: Cause[]
}

/** Where the value stands among what it was; `parent` is the nearest part above that can be told. */
interface Place {
  readonly current: Correlation | undefined
  readonly parent?: Correlation | undefined
}

function visit(run: Run, node: Node, next: unknown, previous: unknown, path: string, place: Place): void {
  // A null is for the rules of what holds it.
  if (next === null || next === undefined || run.budget < 0) return
  if (node.rules.length > 0) runRules(run, node, next, previous ?? undefined, path, place)
  if (run.budget < 0) return
  if (Array.isArray(next)) visitItems(run, node, next, previous, path, place)
  else if (isObject(next)) visitFields(run, node, next, isObject(previous) ? previous : {}, path, place)
}

function visitItems(run: Run, node: Node, next: readonly unknown[], previous: unknown, path: string, place: Place): void {
  if (node.items === undefined) return
  const isMap = node.schema['x-kubernetes-list-type'] === 'map' && Array.isArray(previous)
  const before = new Map<string, unknown>()
  if (isMap)
    for (const item of previous as readonly unknown[]) {
      const itemKey = keyOf(node.schema, item)
      if (itemKey !== undefined && !before.has(itemKey)) before.set(itemKey, item)
    }
  for (const [i, item] of next.entries()) {
    const itemKey = isMap ? keyOf(node.schema, item) : undefined
    const old = itemKey === undefined ? undefined : before.get(itemKey)
    const inner = place.current === undefined ? place : { current: place.current.at(i), parent: place.current }
    visit(run, node.items, item, old, index(path, i), inner)
  }
}

function visitFields(
  run: Run,
  node: Node,
  next: Readonly<Record<string, unknown>>,
  previous: Readonly<Record<string, unknown>>,
  path: string,
  place: Place,
): void {
  for (const name of Object.keys(next)) {
    const property = node.properties.get(name)
    const part =
      property ?? (node.schema.properties !== undefined && Object.hasOwn(node.schema.properties, name) ? undefined : node.additional)
    if (part === undefined) continue
    const old = Object.hasOwn(previous, name) ? previous[name] : undefined
    visit(run, part, next[name], old, property === undefined ? key(path, name) : child(path, name), placeOf(place, name))
  }
}

function placeOf(place: Place, name: string): Place {
  if (place.current === undefined) return place
  // Changes of apiVersion and kind cannot be seen: both objects have been brought to the same version.
  if (place.parent === undefined && (name === 'apiVersion' || name === 'kind')) return { current: undefined }
  return { current: place.current.key(name), parent: place.current }
}

const isUnchanged = ({ current, parent }: Place): boolean => (current ?? parent)?.isEqual() ?? false

const outOfBudget = 'validation failed due to running out of cost budget, no further validation rules will be run'

function runRules(run: Run, node: Node, next: unknown, previous: unknown, path: string, place: Place): void {
  const field = path === '' ? '<nil>' : path
  const type = node.schema.type ?? ''
  const fail = (detail: string): void => void run.causes.push(invalid(field, type, detail))
  if (run.budget <= 0) {
    fail(outOfBudget)
    run.budget = -1
    return
  }
  const self = node.adopt(next)
  let oldSelf: Value | undefined
  for (const compiled of node.rules) {
    const { rule, program, error, usesOldSelf } = compiled
    if (error !== undefined) {
      fail(`rule compile error: ${error}`)
      continue
    }
    if (program === undefined) continue
    const isOptional = rule.optionalOldSelf === true
    // A transition rule is about a change: without anything before there is none.
    if (usesOldSelf && previous === undefined && !isOptional) continue
    if (usesOldSelf && previous !== undefined) oldSelf ??= node.adopt(previous)
    const old = isOptional ? (oldSelf === undefined ? optionalNone : optionalOf(oldSelf)) : oldSelf
    const variables = usesOldSelf ? { self, oldSelf: old as Value } : { self }
    const outcome = program.run(variables)
    if (outcome.overBudget !== true) {
      if (outcome.cost > run.budget) {
        fail(outOfBudget)
        run.budget = -1
        return
      }
      run.budget -= outcome.cost
    }
    if (outcome.error !== undefined) {
      const named = nameOf(rule)
      if (outcome.overBudget === true) {
        fail(`'${outcome.error}': no further validation rules will be run due to call cost exceeds limit for rule: ${named}`)
        run.budget = -1
        return
      }
      fail(
        outcome.error.startsWith('no such overload')
          ? `'${outcome.error}': call arguments did not match a supported operator, function or macro signature for rule: ${named}`
          : `${outcome.error} evaluating rule: ${named}`,
      )
      continue
    }
    if (outcome.value === true) continue
    const at = fieldOf(rule, node.schema, path)
    const add = (cause: Cause): void => void (!usesOldSelf && isUnchanged(place) ? run.ratcheted : run.causes).push(cause)
    const message = messageOf(run, compiled, variables)
    if (message.fatal !== undefined) {
      add(invalid(at, type, message.fatal))
      run.budget = -1
      return
    }
    const detail = message.text ?? (rule.message ? rule.message.trim() : `failed rule: ${rule.rule.trim()}`)
    const isWhole = type === 'object' || type === 'array'
    add(causeOf(rule, at, isWhole ? undefined : next, detail))
  }
}

/** The rule's text, or what it says when it fails. */
const nameOf = (rule: ValidationRule): string => (rule.message ? rule.message : rule.rule).trim()

function fieldOf(rule: ValidationRule, schema: Structural, path: string): string {
  if (rule.fieldPath) {
    const found = followFieldPath(rule.fieldPath, schema)
    if (found.problem === undefined && found.path !== '') return child(path, found.path)
  }
  return path === '' ? '<nil>' : path
}

/** `value` undefined: an object or a list, which no refusal shows. */
function causeOf({ reason }: ValidationRule, field: string, value: unknown, detail: string): Cause {
  if (reason === 'FieldValueForbidden') return forbidden(field, detail)
  if (reason === 'FieldValueRequired') return required(field, detail)
  if (reason === 'FieldValueDuplicate') return value === undefined ? { reason, message: 'Duplicate value', field } : duplicate(field, value)
  return value === undefined ? { reason: 'FieldValueInvalid', message: `Invalid value: ${detail}`, field } : invalid(field, value, detail)
}

/** What the message expression says; nothing where it has nothing to say, and the rule's own message counts. */
function messageOf(
  run: Run,
  { messageProgram, rule }: CompiledRule,
  variables: Readonly<Record<string, Value>>,
): { readonly text?: string; readonly fatal?: string } {
  if (messageProgram === undefined) return {}
  const outcome = messageProgram.run(variables)
  if (outcome.overBudget === true)
    return {
      fatal: `no further validation rules will be run due to call cost exceeds limit for messageExpression: ${JSON.stringify(rule.messageExpression)}`,
    }
  if (outcome.cost > run.budget)
    return { fatal: 'messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run' }
  run.budget -= outcome.cost
  const text = typeof outcome.value === 'string' ? outcome.value.trim() : ''
  return outcome.error !== undefined || text === '' || text.includes('\n') || Buffer.byteLength(text) > messageMaxBytes ? {} : { text }
}
