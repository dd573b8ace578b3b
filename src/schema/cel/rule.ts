import type { Expr } from '#lib/cel/ast.ts'
import { compile, type Environment, type Program } from '#lib/cel/cel.ts'
import { childrenOf } from '#lib/cel/operator-depth.ts'
import { boolType, optionalType, stringType } from '#lib/cel/types.ts'
import type { Structural, ValidationRule } from '../structural/structural.ts'
import { environment } from './environment.ts'
import { type Declared, declareStructural, maxCardinality, sizesOf, structuresOf } from './structural.ts'

/** A rule of a schema, ready to run on `self` and `oldSelf`; `error` is what its definition is refused with. */
export interface CompiledRule {
  readonly rule: ValidationRule
  readonly program?: Program
  readonly error?: string
  readonly messageProgram?: Program
  readonly messageError?: string
  /** A transition rule: it runs on updates only, or with `optionalOldSelf` on every write. */
  readonly usesOldSelf: boolean
  /** What one run may cost at most; and how often values of the schema could stand in one request. */
  readonly maxCost: number
  readonly maxMessageCost: number
  readonly maxCardinality: number
}

/**
 * The rules that stand at a schema itself (`x-kubernetes-validations`), in their order; an empty rule has neither program nor error.
 * `isRoot`: the schema is that of a resource, whose kind and name rules can always read.
 */
export function compileRules(schema: Structural, isRoot: boolean): readonly CompiledRule[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return []
  const declared = declareStructural(schema, 'selfType', isRoot)
  if (declared === undefined)
    return rules.map((rule) => ({ ...nothing, rule, error: 'failed to convert to declType for CEL validation rules' }))
  const always = environmentOf(declared, false)
  const optional = rules.some((rule) => rule.optionalOldSelf === true) ? environmentOf(declared, true) : always
  return rules.map((rule) => compileRule(rule, declared, rule.optionalOldSelf === true ? optional : always))
}

const nothing = { usesOldSelf: false, maxCost: 0, maxMessageCost: 0, maxCardinality: 0 }

const environmentOf = (declared: Declared, isOptional: boolean): Environment =>
  environment({
    variables: { self: declared.type, oldSelf: isOptional ? optionalType(declared.type) : declared.type },
    structures: structuresOf(declared),
  })

function compileRule(rule: ValidationRule, declared: Declared, within: Environment): CompiledRule {
  if (rule.rule.trim() === '') return { ...nothing, rule }
  const compiled = compile(rule.rule, within)
  if (!compiled.ok)
    return {
      ...nothing,
      rule,
      error: `${compiled.instantiation === true ? 'program instantiation failed' : 'compilation failed'}: ${compiled.message}`,
    }
  const { program } = compiled
  if (program.outputType.text !== boolType.text) return { ...nothing, rule, error: 'cel expression must evaluate to a bool' }
  const sizes = sizesOf(declared)
  const made = {
    rule,
    program,
    usesOldSelf: names(program.expr, 'oldSelf'),
    maxCost: program.cost(sizes).max,
    maxMessageCost: 0,
    maxCardinality: maxCardinality(declared),
  }
  if (rule.messageExpression === undefined || rule.messageExpression === '') return made
  const message = compile(rule.messageExpression, within)
  if (!message.ok)
    return {
      ...made,
      messageError: `${message.instantiation === true ? 'messageExpression instantiation failed' : 'messageExpression compilation failed'}: ${message.message}`,
    }
  if (message.program.outputType.text !== stringType.text) return { ...made, messageError: 'messageExpression must evaluate to a string' }
  return { ...made, messageProgram: message.program, maxMessageCost: message.program.cost(sizes).max }
}

/** Whether a tree reads a variable. */
const names = (expr: Expr, name: string): boolean =>
  (expr.kind === 'ident' && expr.name === name) || childrenOf(expr).some((each) => names(each, name))
