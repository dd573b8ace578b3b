import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isError } from '#lib/errors.ts'
import { fieldSelectorOf, matchesFields, parseFieldSelector } from './field-selector.ts'
import { formatSelector, matches, matchesLabelSelector, nothing, parseSelector, selectorOf } from './selector.ts'

const key =
  "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

/** Text, and either its canonical form or what is said of it. */
const texts: readonly (readonly [text: string, outcome: string])[] = [
  ['', ''],
  ['app=web,tier in (b,a,b),!gone', 'app=web,!gone,tier in (a,b)'],
  ['x in (foo,,baz),y,z notin ()', 'x in (,baz,foo),y,z notin ()'],
  ['in in (in)', 'in in (in)'],
  [' a == b , c != d', 'a==b,c!=d'],
  ['n>5', 'n>5'],
  ['a=', 'a='],
  [',', "! found ',', expected: !, identifier, or 'end of string'"],
  ['app=web tier=back', "! found 'tier', expected: ',' or 'end of string'"],
  ['app in web', "! unable to parse requirement: found 'web' expected: '('"],
  ['app in (a b)', "! unable to parse requirement: found 'b', expected: ',' or ')'"],
  ['app===web', "! unable to parse requirement: found '=', expected: identifier"],
  ['!!app', "! unable to parse requirement: found '!', expected: identifier"],
  ['n>x', `! unable to parse requirement: values[0]: Invalid value: "x": for 'Gt', 'Lt' operators, the value must be an integer`],
  ['a/b/c=d', `! unable to parse requirement: <nil>: Invalid value: "a/b/c": ${key}`],
]
for (const [text, outcome] of texts)
  test(`label selector ${JSON.stringify(text)}`, () => {
    if (!outcome.startsWith('! ')) assert.equal(formatSelector(parseSelector(text)), outcome)
    else
      assert.throws(
        () => parseSelector(text),
        (error) => isError(error, 'BadRequest') && error.message.startsWith(outcome.slice(2)),
      )
  })

const matching: readonly (readonly [text: string, labels: Record<string, string>, matches: boolean])[] = [
  ['a=b', { a: 'b' }, true],
  ['a=b', {}, false],
  ['a!=b', {}, true],
  ['a notin (b)', { a: 'b' }, false],
  ['a', { a: '' }, true],
  ['!a', { a: '' }, false],
  ['!toString', {}, true],
  ['n>5', { n: '6' }, true],
  ['n>5', { n: 'six' }, false],
  ['n<9007199254740993', { n: '9007199254740992' }, true],
]
for (const [text, labels, wanted] of matching)
  test(`${text} ${wanted ? 'takes' : 'leaves'} ${JSON.stringify(labels)}`, () => assert.equal(matches(parseSelector(text), labels), wanted))

test('an absent selector takes nothing, an empty one everything', () => {
  assert.equal(matches(nothing, {}), false)
  assert.equal(matchesLabelSelector(undefined, { a: 'b' }), false)
  assert.equal(matchesLabelSelector({}, undefined), true)
})

test('the object form is the string form', () => {
  const selector = selectorOf({ matchLabels: { b: 'c' }, matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] })
  assert.equal(formatSelector(selector), '!a,b=c')
})

const pod = { rules: { selectableFields: { 'status.phase': (object: { phase: string }) => object.phase } } }

test('field selectors ask the kind', () => {
  const terms = fieldSelectorOf(pod, 'status.phase!=Running,metadata.name=a\\,b')
  assert.deepEqual(
    terms.map(({ field }) => field),
    ['metadata.name', 'status.phase'],
  )
  const object = { metadata: { name: 'a,b' }, phase: 'Pending' }
  const running = { ...object, phase: 'Running' }
  assert.equal(matchesFields(pod, terms, object), true)
  assert.equal(matchesFields(pod, terms, running), false)
  assert.throws(() => fieldSelectorOf(pod, 'spec.x=1'), { message: 'field label not supported: spec.x' })
  assert.throws(() => fieldSelectorOf({ rules: {} }, 'spec.x=1'), {
    message: '"spec.x" is not a known field selector: only "metadata.name", "metadata.namespace"',
  })
  assert.throws(() => parseFieldSelector('a in (b)'), { message: "invalid selector: 'a in (b)'; can't understand 'a in (b)'" })
})
