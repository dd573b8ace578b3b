import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Route } from '../model/route.ts'
import type { RouterModel } from '../model/router-model.ts'
import { decide } from '../testing/decide.ts'
import { anyRequest, backend, listener, modelsOver, route, type TestRequest } from '../testing/models.ts'
import { decisionTable } from './decision-table.ts'

/** Goes the proxy's way through a table: the host's key, the path's chain, then one after the other. */
function look(model: RouterModel, { host: given, path, method, headers, query }: TestRequest): Route | undefined {
  const table = decisionTable(model.listeners)
  const host = given.toLowerCase().replace(/:\d+$/, '')
  const parent = host.split('.').slice(1)
  const keys = [host, `+.${parent.join('.')}`, ...parent.map((_, at) => `*.${parent.slice(at).join('.')}`), '*']
  const key = keys.find((one) => table.hosts.includes(one))
  if (key === undefined) return undefined
  const prefixes = [...(table.prefixes.get(key) ?? [])].filter(([prefix]) => `${path}/`.startsWith(`${prefix}/`))
  const longest = prefixes.sort(([left], [right]) => right.length - left.length)[0]?.[1]
  const chain = table.exact.get(key)?.get(path) ?? longest ?? []
  const fits = (given: string | undefined, type: string, value: string) =>
    given !== undefined && (type === 'Exact' ? given === value : new RegExp(`^(?:${value})$`).test(given))
  return chain.find(
    ({ route: { path: match, ...one } }) =>
      (match.type !== 'RegularExpression' || new RegExp(`^(?:${match.value})$`).test(path)) &&
      (one.method === undefined || one.method === method) &&
      one.headers.every(({ name, type, value }) => fits(headers[name], type, value)) &&
      one.queryParameters.every(({ name, type, value }) => fits(query[name], type, value)),
  )?.route
}

test('a few look-ups find what asking every route would find', () => {
  const backends = ['a', 'b', 'c'].map((name) => backend(`ns/${name}:80`, []))
  fc.assert(
    fc.property(modelsOver(backends, 18_080), fc.array(anyRequest, { minLength: 1, maxLength: 20 }), (model, requests) => {
      for (const request of requests) assert.deepEqual(look(model, request), decide(model, 18_080, request))
    }),
    { numRuns: 500 },
  )
})

const at = (host: string, path = '/'): TestRequest => ({ host, path, method: 'GET', headers: {}, query: {} })
const check = (name: string, model: RouterModel, answers: Readonly<Record<string, string | undefined>>) =>
  test(name, () => {
    for (const [url, wanted] of Object.entries(answers)) {
      const [host, ...path] = url.split('/')
      assert.equal(look(model, at(host!, `/${path.join('/')}`))?.name, wanted, url)
    }
  })
const of = (...listeners: RouterModel['listeners']): RouterModel => ({ listeners, backends: [], certificates: [] })

check(
  'prefixes are of whole elements, the longest wins, an exact path before all',
  of(
    listener({
      routes: [
        route({ name: 'root' }),
        route({ name: 'a', path: { type: 'Prefix', value: '/a/' } }),
        route({ name: 'a b', path: { type: 'Prefix', value: '/a/b' } }),
        route({ name: 'exactly a', path: { type: 'Exact', value: '/a' } }),
      ],
    }),
  ),
  { 'h/': 'root', 'h/a': 'exactly a', 'h/a/': 'a', 'h/ab': 'root', 'h/a/b': 'a b', 'h/a/bc': 'a', 'h/a/b/c': 'a b' },
)

check(
  'a host is chosen before its paths in an Ingress, and `*` is one label',
  of(
    listener({
      routes: [
        route({ name: 'any' }),
        route({ name: 'wild', hostname: '*.a.example' }),
        route({ name: 'own', hostname: 'b.a.example', path: { type: 'Prefix', value: '/own' } }),
      ],
    }),
  ),
  { 'b.a.example/own': 'own', 'b.a.example/': undefined, 'c.a.example/': 'wild', 'd.c.a.example/': 'any', 'a.example/': 'any' },
)

const gateway = { group: 'gateway', wildcards: 'many labels', hostsFallThrough: true } as const
check(
  'in the Gateway API specific hosts come first, and what they leave goes to the others of their listener',
  of(
    listener({
      ...gateway,
      routes: [
        route({ name: 'wild', hostname: '*.a.example' }),
        route({ name: 'own', hostname: 'b.a.example', path: { type: 'Prefix', value: '/own' } }),
      ],
    }),
  ),
  { 'b.a.example/own': 'own', 'b.a.example/': 'wild', 'd.c.a.example/': 'wild', 'a.example/': undefined },
)

check(
  'a listener with a host takes it from the less specific ones of its group, and from no other group',
  of(
    listener({ ...gateway, name: 'wide', routes: [route({ name: 'wide' }), route({ name: 'wide a', hostname: 'a.example' })] }),
    listener({
      ...gateway,
      name: 'narrow',
      hostname: 'a.example',
      routes: [route({ name: 'narrow', hostname: 'a.example', path: { type: 'Prefix', value: '/n' } })],
    }),
    listener({ name: 'ingress', routes: [route({ name: 'ingress', hostname: 'a.example', path: { type: 'Exact', value: '/i' } })] }),
  ),
  { 'a.example/n': 'narrow', 'a.example/': undefined, 'a.example/i': 'ingress', 'b.example/': 'wide' },
)
