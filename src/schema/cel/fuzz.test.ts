import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compile } from '#lib/cel/cel.ts'
import { dynType, listType, stringType } from '#lib/cel/types.ts'
import { adoptJson } from '#lib/cel/values.ts'
import { environment } from './environment.ts'

const within = environment({ variables: { d: dynType, s: stringType, l: listType(dynType) } })
const variables = { d: adoptJson({ a: { b: [1, 2.5, 'x', null] }, s: 'text' }), s: 'hello', l: adoptJson([1, 'a', [2]]) }

const tokens = (
  'd s l . ( ) [ ] { } , : ? - ! + * / % == != < in && || 1 2.5 3u "x" r\'y\' b"z" true null has size .all( .map( .filter( .exists_one( ' +
  '.?a [?0] .matches( .sortBy( optional.of( .transformMap( `q` = # // while \\n é 😀 "unclosed'
).split(' ')
const source = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.array(fc.constantFrom(...tokens), { maxLength: 25 }).map((parts) => parts.join(' ')),
  fc.array(fc.constantFrom(...tokens), { maxLength: 25 }).map((parts) => parts.join('')),
)

/** No machine is so slow that a bounded expression takes longer, and none so fast that an unbounded one takes less. */
const maxMs = 1000

function run(text: string): void {
  const startedMs = performance.now()
  const compiled = compile(text, within)
  if (compiled.ok) {
    const outcome = compiled.program.run(variables)
    assert.ok((outcome.value === undefined) !== (outcome.error === undefined), text)
    compiled.program.cost()
  } else assert.notEqual(compiled.message, '', text)
  assert.ok(performance.now() - startedMs < maxMs, `took ${performance.now() - startedMs} ms: ${text}`)
}

test('whatever the source, there is an answer and it comes soon', () => {
  fc.assert(fc.property(source, run), { numRuns: 3000 })
})

test('expressions that would never end are ended', () => {
  const range = 'lists.range(1000)'
  const nested = `${range}.all(a, ${range}.all(b, ${range}.all(c, a + b + c >= 0)))`
  const doubling = `['x'].map(a, ${'lists.range(40).map(i, s + s)'})`
  const outcome = (text: string) => {
    const compiled = compile(text, within)
    assert.ok(compiled.ok, compiled.ok ? '' : compiled.message)
    const startedMs = performance.now()
    const result = compiled.program.run(variables)
    assert.ok(performance.now() - startedMs < maxMs, text)
    return result
  }
  assert.deepEqual(outcome(nested).error, 'operation cancelled: actual cost limit exceeded')
  assert.equal(outcome(nested).overBudget, true)
  assert.equal(outcome('lists.range(2000000000).size() > 0').error, 'operation cancelled: actual cost limit exceeded')
  assert.equal(outcome(doubling).error, undefined)
  assert.equal(outcome(`'${'a'.repeat(60)}!'.matches('(a*)*(a*)*(a*)*$')`).value, true)
})

test('sources that nest too deep or are too long are refused', () => {
  const refused = (text: string): string => {
    const compiled = compile(text, within)
    return compiled.ok ? 'compiled' : compiled.message
  }
  assert.equal(refused(`${'('.repeat(300)}1${')'.repeat(300)}`), 'ERROR: <input>:-1:0: expression recursion limit exceeded: 250')
  assert.equal(refused(`1${'+1'.repeat(300)}`), 'ERROR: <input>:-1:0: max recursion depth exceeded')
  assert.equal(refused(`${'('.repeat(100)}1${`${'+1'.repeat(200)})`.repeat(100)}`), 'ERROR: <input>:-1:0: max recursion depth exceeded')
  assert.equal(
    refused(`'${'a'.repeat(100_000)}'`),
    'ERROR: <input>:-1:0: expression code point size exceeds limit: size: 100002, limit 100000',
  )
  assert.equal(refused('['.repeat(5000)).startsWith('ERROR'), true)
})
