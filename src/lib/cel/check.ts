import { type Call, type Comprehension, type Expr, type Ident, qualifiedName, type Select, type StructExpr } from './ast.ts'
import type { CelFunction, Environment, Overload } from './environment.ts'
import type { Issue } from './errors.ts'
import { standardTypes } from './standard-types.ts'
import {
  boolType,
  type CelType,
  dynType,
  errorType,
  intType,
  isDyn,
  isDynOrError,
  isOptional,
  listType,
  mapType,
  optionalType,
  parameterType,
  sameType,
  typeOfType,
} from './types.ts'
import { assignable, type Bindings, mostGeneral, substitute } from './unify.ts'
import { runtimeType, type TypeValue, typeValue } from './values.ts'

/** Gives every node its type and every call its overloads, in place. Returns what is wrong. */
export function check(expr: Expr, environment: Environment): readonly Issue[] {
  const checker = new Checker(environment)
  checker.check(expr)
  checker.finish()
  return checker.issues
}

interface Scope {
  readonly variables: Map<string, CelType>
  readonly parent: Scope | undefined
}

/** Held while one expression is checked: what type parameters stand for so far, and the scopes of comprehensions. */
class Checker {
  readonly issues: Issue[] = []
  private readonly environment: Environment
  private readonly typed: Expr[] = []
  private readonly bindings: Bindings = new Map()
  private scope: Scope | undefined
  private freshCount = 0

  constructor(environment: Environment) {
    this.environment = environment
  }

  /** Replaces type parameters in the types given by what they stand for at the end. */
  finish(): void {
    for (const node of this.typed) if (node.type !== undefined) node.type = substitute(this.bindings, node.type, true)
  }

  check(node: Expr): CelType {
    const type = this.typeOf(node)
    node.type = type
    this.typed.push(node)
    return type
  }

  private typeOf(node: Expr): CelType {
    switch (node.kind) {
      case 'literal':
        return runtimeType(node.value)
      case 'ident':
        return this.ident(node)
      case 'select':
        return this.select(node)
      case 'call':
        return node.name === '_?._' && node.target === undefined ? this.optionalSelect(node) : this.call(node)
      case 'list':
        return this.list(node)
      case 'map':
        return this.map(node)
      case 'struct':
        return this.struct(node)
      case 'comprehension':
        return this.comprehension(node)
    }
  }

  private issue(offset: number, message: string): CelType {
    this.issues.push({ offset, message })
    return errorType
  }

  /** The type of a declared name, and the value where the name is one of a type. A leading dot skips the scopes of comprehensions. */
  private lookUp(name: string): { type: CelType; constant?: TypeValue } | undefined {
    const plain = name.startsWith('.') ? name.slice(1) : name
    if (!name.startsWith('.'))
      for (let scope = this.scope; scope !== undefined; scope = scope.parent) {
        const type = scope.variables.get(plain)
        if (type !== undefined) return { type }
      }
    const declared = this.environment.variables.get(plain)
    if (declared !== undefined) return { type: declared }
    const named = this.environment.structures.find(plain) ?? standardTypes.get(plain)
    return named === undefined ? undefined : { type: typeOfType(named), constant: typeValue(named) }
  }

  private ident(node: Ident): CelType {
    const found = this.lookUp(node.name)
    if (found === undefined) return this.undeclared(node.offset, node.name)
    if (node.name.startsWith('.')) node.name = node.name.slice(1)
    if (found.constant !== undefined) node.constant = found.constant
    return found.type
  }

  private undeclared(offset: number, name: string): CelType {
    return this.issue(offset, `undeclared reference to '${name}' (in container '')`)
  }

  private select(node: Select): CelType {
    const name = qualifiedName(node)
    const found = name === undefined ? undefined : this.lookUp(name)
    if (name !== undefined && found !== undefined) {
      node.resolved = { name, ...(found.constant === undefined ? {} : { constant: found.constant }) }
      return found.type
    }
    const type = this.field(node, node.operand, node.field, false)
    return node.testOnly ? boolType : substitute(this.bindings, type)
  }

  private optionalSelect(node: Call): CelType {
    const [operand, field] = node.args
    if (field?.kind !== 'literal' || typeof field.value !== 'string')
      return this.issue(field?.offset ?? node.offset, 'unsupported optional field selection')
    const type = substitute(this.bindings, this.field(node, operand as Expr, field.value, true))
    this.check(field)
    return type
  }

  private field(node: Expr, operand: Expr, field: string, optional: boolean): CelType {
    const operandType = substitute(this.bindings, this.check(operand))
    const target = isOptional(operandType) ? (operandType.parameters[0] as CelType) : operandType
    let result: CelType = errorType
    switch (target.kind) {
      case 'map':
        result = target.parameters[1] as CelType
        break
      case 'struct':
        result = this.fieldType(node.offset, target.name, field)
        break
      case 'parameter':
        this.fits(dynType, target)
        result = dynType
        break
      default:
        if (!isDynOrError(target)) this.issue(node.offset, `type '${target.text}' does not support field selection`)
        result = dynType
    }
    return isOptional(operandType) || optional ? optionalType(result) : result
  }

  private fieldType(offset: number, struct: string, field: string): CelType {
    if (this.environment.structures.find(struct) === undefined) return this.issue(offset, `unexpected failed resolution of '${struct}'`)
    return this.environment.structures.field(struct, field) ?? this.issue(offset, `undefined field '${field}'`)
  }

  private call(node: Call): CelType {
    for (const argument of node.args) this.check(argument)
    if (node.target === undefined) {
      const found = this.functionNamed(node.name)
      return found === undefined ? this.undeclared(node.offset, node.name) : this.resolve(node, found)
    }
    const prefix = qualifiedName(node.target)
    const namespaced = prefix === undefined ? undefined : this.functionNamed(`${prefix}.${node.name}`)
    if (namespaced !== undefined) {
      node.target = undefined
      node.name = namespaced.name
      return this.resolve(node, namespaced)
    }
    this.check(node.target)
    const found = this.functionNamed(node.name)
    return found === undefined ? this.undeclared(node.offset, node.name) : this.resolve(node, found)
  }

  private functionNamed(name: string): CelFunction | undefined {
    return this.environment.functions.get(name.startsWith('.') ? name.slice(1) : name)
  }

  private resolve(node: Call, called: CelFunction): CelType {
    const given = [...(node.target === undefined ? [] : [node.target]), ...node.args]
    const types = given.map((each) => each.type ?? errorType)
    if (called.name === '_&&_' || called.name === '_||_') return this.logic(node, called, types)
    const found: Overload[] = []
    let result: CelType | undefined
    for (const overload of called.overloads) {
      if (overload.member !== (node.target !== undefined)) continue
      const [wanted, answer] = this.instance(overload)
      if (!assignable(this.bindings, types, wanted)) continue
      found.push(overload)
      const answered = substitute(this.bindings, answer)
      if (result === undefined) result = answered
      else if (!isDyn(result) && !sameType(answered, result)) result = dynType
    }
    if (result === undefined) {
      const [first, ...rest] = types.map((each) => substitute(this.bindings, each, true).text)
      const signature =
        node.target === undefined
          ? `(${[first, ...rest].filter((each) => each !== undefined).join(', ')})`
          : `${first}.(${rest.join(', ')})`
      return this.issue(node.offset, `found no matching overload for '${called.name}' applied to '${signature}'`)
    }
    node.overloads = found
    return result
  }

  private logic(node: Call, called: CelFunction, types: readonly CelType[]): CelType {
    let wrong = false
    for (const [index, type] of types.entries()) {
      if (this.fits(type, boolType)) continue
      wrong = true
      this.issue((node.args[index] as Expr).offset, `expected type 'bool' but found '${type.text}'`)
    }
    node.overloads = called.overloads
    return wrong ? errorType : boolType
  }

  /** Parameters and result of an overload, its type parameters fresh. */
  private instance(overload: Overload): readonly [readonly CelType[], CelType] {
    if (overload.typeParameters.length === 0) return [overload.parameters, overload.result]
    const fresh = new Map(overload.typeParameters.map((name) => [name, this.fresh()]))
    return [overload.parameters.map((each) => substitute(fresh, each)), substitute(fresh, overload.result)]
  }

  private fresh(): CelType {
    return parameterType(`_var${this.freshCount++}`)
  }

  private fits(from: CelType, to: CelType): boolean {
    return assignable(this.bindings, [from], [to])
  }

  private join(previous: CelType | undefined, current: CelType): CelType {
    if (previous === undefined) return current
    if (this.fits(previous, current)) return mostGeneral(previous, current)
    // Items of unlike types make a list of anything; whether that is allowed is for the environment's validators.
    return dynType
  }

  private mismatch(offset: number, expected: CelType, actual: CelType): CelType {
    return this.issue(offset, `expected type '${expected.text}' but found '${actual.text}'`)
  }

  /** What an optional entry adds where it is there. */
  private unwrapped(node: Expr, type: CelType): CelType {
    if (isOptional(type)) return type.parameters[0] as CelType
    if (!isDyn(type)) this.mismatch(node.offset, optionalType(type), type)
    return type
  }

  private list(node: Extract<Expr, { kind: 'list' }>): CelType {
    let item: CelType | undefined
    for (const [index, each] of node.items.entries()) {
      const type = this.check(each)
      item = this.join(item, node.optionals.has(index) ? this.unwrapped(each, type) : type)
    }
    return listType(item ?? this.fresh())
  }

  private map(node: Extract<Expr, { kind: 'map' }>): CelType {
    let key: CelType | undefined
    let value: CelType | undefined
    for (const entry of node.entries) {
      key = this.join(key, this.check(entry.key))
      const type = this.check(entry.value)
      value = this.join(value, entry.optional ? this.unwrapped(entry.value, type) : type)
    }
    return mapType(key ?? this.fresh(), value ?? this.fresh())
  }

  private struct(node: StructExpr): CelType {
    const found = this.lookUp(node.name)
    if (found === undefined) return this.undeclared(node.offset, node.name)
    if (node.name.startsWith('.')) node.name = node.name.slice(1)
    let result: CelType = errorType
    if (found.type.kind !== 'type') this.issue(node.offset, `'${found.type.text}' is not a type`)
    else {
      result = found.type.parameters[0] as CelType
      if (result.kind !== 'struct') result = this.issue(node.offset, `'${result.text}' is not a message type`)
    }
    for (const { offset, name, value, optional } of node.fields) {
      const given = this.check(value)
      const wanted = this.fieldType(offset, node.name, name)
      const type = optional ? this.unwrapped(value, given) : given
      if (!this.fits(wanted, type))
        this.issue(offset, `expected type of field '${name}' is '${wanted.text}' but provided type is '${type.text}'`)
    }
    return result
  }

  private comprehension(node: Comprehension): CelType {
    const range = substitute(this.bindings, this.check(node.range))
    const initial = this.check(node.initial)
    const outer = this.scope
    const accumulating: Scope = { variables: new Map([[node.accumulator, initial]]), parent: outer }
    const [first, second] = this.iterated(node, range)
    const variables = new Map([[node.variable, first]])
    if (node.variable2 !== undefined) variables.set(node.variable2, second)
    this.scope = { variables, parent: accumulating }
    this.want(node.condition, boolType)
    this.want(node.step, initial)
    this.scope = accumulating
    const result = this.check(node.result)
    this.scope = outer
    return substitute(this.bindings, result)
  }

  private want(node: Expr, type: CelType): void {
    const found = this.check(node)
    if (!this.fits(type, found)) this.mismatch(node.offset, type, found)
  }

  private iterated(node: Comprehension, range: CelType): readonly [CelType, CelType] {
    const two = node.variable2 !== undefined
    switch (range.kind) {
      case 'list': {
        const item = range.parameters[0] as CelType
        return two ? [intType, item] : [item, item]
      }
      case 'map':
        return [range.parameters[0] as CelType, range.parameters[1] as CelType]
      case 'dyn':
      case 'error':
      case 'parameter':
        this.fits(dynType, range)
        return [dynType, dynType]
      default:
        this.issue(
          node.range.offset,
          `expression of type '${range.text}' cannot be range of a comprehension (must be list, map, or dynamic)`,
        )
        return [errorType, errorType]
    }
  }
}
