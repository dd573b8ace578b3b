/**
 * The grammar of the language (cel-spec, "Syntax") as an automaton: states, and transitions by a token, into a rule, or by nothing. Only
 * sources that are not of the grammar meet it: it is what tells which tokens would have fit where one did not.
 */
export interface State {
  readonly id: number
  readonly rule: string
  /** What stands here: it decides how an error is mended. */
  type: 'basic' | 'rule stop' | 'block start' | 'loop entry' | 'loop back' | 'plus start' | 'plus back'
  readonly transitions: Transition[]
}
/** A step from one state of the grammar to another, and what it takes. */
export type Transition =
  | { readonly kind: 'epsilon'; readonly to: State }
  | { readonly kind: 'token'; readonly tokens: readonly string[]; readonly to: State }
  /** `level` is the least precedence of operators that the rule may take. */
  | { readonly kind: 'rule'; readonly rule: string; readonly level: number; readonly to: State }
  /** Passable where operators of this precedence may be taken. */
  | { readonly kind: 'precedence'; readonly level: number; readonly to: State }

type Part =
  | string
  | { readonly rule: string; readonly level?: number }
  | { readonly precedence: number }
  | { readonly tokens: readonly string[] }
  | { readonly all: readonly Part[] }
  | { readonly any: readonly Part[] }
  | { readonly maybe: Part }
  | { readonly many: Part }
  | { readonly some: Part }

const rule = (name: string, level = 0): Part => ({ rule: name, level })
const all = (...parts: Part[]): Part => ({ all: parts })
const any = (...parts: Part[]): Part => ({ any: parts })
const maybe = (...parts: Part[]): Part => ({ maybe: all(...parts) })
const many = (...parts: Part[]): Part => ({ many: parts.length === 1 ? (parts[0] as Part) : all(...parts) })
const some = (part: Part): Part => ({ some: part })
const precedence = (level: number): Part => ({ precedence: level })
const listed = (part: Part): Part => all(part, many(',', part))

const rules: Readonly<Record<string, Part>> = {
  start: all(rule('expr'), 'EOF'),
  expr: all(rule('or'), maybe('?', rule('or'), ':', rule('expr'))),
  or: all(rule('and'), many('||', rule('and'))),
  and: all(rule('relation'), many('&&', rule('relation'))),
  relation: all(rule('calc'), many(precedence(1), { tokens: ['<', '<=', '>=', '>', '==', '!=', 'in'] }, rule('relation', 2))),
  calc: all(
    rule('unary'),
    many(
      any(all(precedence(2), { tokens: ['*', '/', '%'] }, rule('calc', 3)), all(precedence(1), { tokens: ['+', '-'] }, rule('calc', 2))),
    ),
  ),
  unary: any(rule('member'), all(some('!'), rule('member')), all(some('-'), rule('member'))),
  member: all(
    rule('primary'),
    many(
      any(
        all(precedence(3), '.', maybe('?'), rule('escapeIdent')),
        all(precedence(2), '.', 'IDENTIFIER', '(', maybe(rule('exprList')), ')'),
        all(precedence(1), '[', maybe('?'), rule('expr'), ']'),
      ),
    ),
  ),
  primary: any(
    all(maybe('.'), 'IDENTIFIER'),
    all(maybe('.'), 'IDENTIFIER', '(', maybe(rule('exprList')), ')'),
    all('(', rule('expr'), ')'),
    all('[', maybe(rule('listInit')), maybe(','), ']'),
    all('{', maybe(rule('mapInitializerList')), maybe(','), '}'),
    all(maybe('.'), 'IDENTIFIER', many('.', 'IDENTIFIER'), '{', maybe(rule('fieldInitializerList')), maybe(','), '}'),
    rule('literal'),
  ),
  exprList: listed(rule('expr')),
  listInit: listed(rule('optExpr')),
  fieldInitializerList: all(rule('optField'), ':', rule('expr'), many(',', rule('optField'), ':', rule('expr'))),
  optField: all(maybe('?'), rule('escapeIdent')),
  mapInitializerList: all(rule('optExpr'), ':', rule('expr'), many(',', rule('optExpr'), ':', rule('expr'))),
  escapeIdent: any('IDENTIFIER', 'ESC_IDENTIFIER'),
  optExpr: all(maybe('?'), rule('expr')),
  literal: any(all(maybe('-'), 'NUM_INT'), 'NUM_UINT', all(maybe('-'), 'NUM_FLOAT'), 'STRING', 'BYTES', 'true', 'false', 'null'),
}

/** Tokens in the order in which messages list them. */
export const tokenOrder: readonly string[] =
  'EOF == != in < <= >= > && || [ ] { } ( ) . , - ! ? : + * / % true false null NUM_FLOAT NUM_INT NUM_UINT STRING BYTES IDENTIFIER ESC_IDENTIFIER'.split(
    ' ',
  )

/** The grammar of CEL as ANTLR has it, by the names of its rules: needed for saying, as cel-go does, what was expected where. */
export interface Grammar {
  readonly starts: ReadonlyMap<string, State>
  readonly stops: ReadonlyMap<string, State>
  /** Where a rule's callers go on behind it. */
  readonly followers: ReadonlyMap<string, readonly State[]>
}

let built: Grammar | undefined
/** The automaton, built when first asked for. */
export function grammar(): Grammar {
  built ??= build()
  return built
}

function build(): Grammar {
  let count = 0
  const starts = new Map<string, State>()
  const stops = new Map<string, State>()
  const followers = new Map<string, State[]>()
  for (const name of Object.keys(rules)) {
    followers.set(name, [])
    const state = (type: State['type'] = 'basic'): State => ({ id: count++, rule: name, type, transitions: [] })
    const link = (from: State, to: State): void => void from.transitions.push({ kind: 'epsilon', to })
    const stop = state('rule stop')
    const start = state()
    const [first, last] = fragment(rules[name] as Part, state, link)
    link(start, first)
    link(last, stop)
    starts.set(name, start)
    stops.set(name, stop)
  }
  return { starts, stops, followers: collectFollowers(starts, followers) }
}

type Fragment = readonly [first: State, last: State]

function fragment(part: Part, state: (type?: State['type']) => State, link: (from: State, to: State) => void): Fragment {
  const inner = (each: Part): Fragment => fragment(each, state, link)
  const step = (make: (to: State) => Transition): Fragment => {
    const [from, to] = [state(), state()]
    from.transitions.push(make(to))
    return [from, to]
  }
  if (typeof part === 'string') return step((to) => ({ kind: 'token', tokens: [part], to }))
  if ('tokens' in part) return step((to) => ({ kind: 'token', tokens: part.tokens, to }))
  if ('rule' in part) return step((to) => ({ kind: 'rule', rule: part.rule, level: part.level ?? 0, to }))
  if ('precedence' in part) return step((to) => ({ kind: 'precedence', level: part.precedence, to }))
  if ('all' in part) {
    const fragments = part.all.map(inner)
    for (const [index, [, last]] of fragments.entries()) {
      const next = fragments[index + 1]
      if (next !== undefined) link(last, next[0])
    }
    return [(fragments[0] as Fragment)[0], (fragments.at(-1) as Fragment)[1]]
  }
  const end = state()
  if ('any' in part || 'maybe' in part) {
    const start = state('block start')
    for (const [first, last] of ('any' in part ? part.any : [part.maybe]).map(inner)) {
      link(start, first)
      link(last, end)
    }
    if ('maybe' in part) link(start, end)
    return [start, end]
  }
  if ('many' in part) {
    const [entry, back] = [state('loop entry'), state('loop back')]
    const [first, last] = inner(part.many)
    link(entry, first)
    link(entry, end)
    link(last, back)
    link(back, entry)
    return [entry, end]
  }
  const [start, back] = [state('plus start'), state('plus back')]
  const [first, last] = inner(part.some)
  link(start, first)
  link(last, back)
  link(back, start)
  link(back, end)
  return [start, end]
}

function collectFollowers(starts: ReadonlyMap<string, State>, followers: Map<string, State[]>): Grammar['followers'] {
  const seen = new Set<State>()
  const visit = (state: State): void => {
    if (seen.has(state)) return
    seen.add(state)
    for (const transition of state.transitions) {
      if (transition.kind === 'rule') followers.get(transition.rule)?.push(transition.to)
      visit(transition.to)
    }
  }
  for (const start of starts.values()) visit(start)
  return followers
}
