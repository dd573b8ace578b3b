import assert from 'node:assert/strict'
import { CustomResourceDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { validateDefinition } from '#api/apiextensions/v1/validation/validate-definition.ts'
import { Deployment } from '#api/apps/v1/types.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { parseFieldSelector } from '#api/meta/v1/field-selector.ts'
import { formatSelector, matches, parseSelector } from '#api/meta/v1/selector.ts'
import { acceptable, negotiate, objectTypes } from '#apiserver/http/negotiate.ts'
import { parseRequest } from '#apiserver/http/request-info.ts'
import { parseListQuery } from '#apiserver/registry/list-options.ts'
import { readPatch } from '#apiserver/registry/patch.ts'
import { compile } from '#lib/cel/cel.ts'
import { dynType, listType, stringType } from '#lib/cel/types.ts'
import { adoptJson } from '#lib/cel/values.ts'
import { formatDuration, parseDuration } from '#lib/duration.ts'
import { canonicalQuantity, compareQuantity, quantityToNumber } from '#lib/quantity.ts'
import { checkApplied } from '#schema/apply/apply.ts'
import { readFieldSet } from '#schema/apply/field-set.ts'
import { MergeError } from '#schema/apply/merge-error.ts'
import { mergeSchemaOf } from '#schema/apply/merge-schema.ts'
import { mergeValues } from '#schema/apply/merge-values.ts'
import { setOfValue } from '#schema/apply/set-of-value.ts'
import { environment } from '#schema/cel/environment.ts'
import { decode } from '#schema/decode.ts'
import { formatCidr, formatIp, parseCidr, parseIp } from '#schema/ip.ts'
import { encodeJson, parseJson } from '#schema/json.ts'
import { applyJsonPatch } from '#schema/patch/json-patch.ts'
import { applyMergePatch } from '#schema/patch/merge-patch.ts'
import { applyStrategicPatch } from '#schema/patch/strategic.ts'
import { decodeProtobuf, encodeProtobuf } from '#schema/protobuf.ts'
import { prune } from '#schema/structural/prune.ts'
import { structuralProblem, validateStructural } from '#schema/structural/validate-structural.ts'
import { validateValue } from '#schema/structural/validate-value.ts'
import { normalizeMicroTime, normalizeTime } from '#schema/times.ts'
import { parseYaml } from '#schema/yaml.ts'
import { formatYaml } from '#schema/yaml-writer.ts'
import type { Target } from './target.ts'

const text = (input: Uint8Array): string => Buffer.from(input).toString()

const deployment = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'd', labels: { a: 'b' }, creationTimestamp: '2024-01-02T03:04:05Z' },
  spec: {
    replicas: 3,
    selector: { matchLabels: { a: 'b' } },
    template: {
      metadata: { labels: { a: 'b' } },
      spec: {
        containers: [
          {
            name: 'c',
            image: 'i',
            ports: [{ containerPort: 80 }],
            env: [{ name: 'A', value: '1' }],
            resources: { limits: { cpu: '100m' } },
          },
        ],
        tolerations: [{ key: 'k', operator: 'Exists' }],
      },
    },
  },
}
const encoded = encodeProtobuf(Deployment, decode(Deployment, deployment).value)
const jsonWords =
  '{ } [ ] , : "a" "" null true false 0 -1 1.5 1e999 9223372036854775808 "\\u0000" "\\ud800" "__proto__" "constructor" "$patch" /*'.split(
    ' ',
  )

/** Every reader of what comes from outside. */
export const targets: readonly Target[] = [
  {
    name: 'json',
    seeds: [JSON.stringify(deployment), '{"a":1,"a":2,"b":{"c":[1,{"d":1e3}]}}', '[18446744073709551615,-0,1.0]', '"\\ud83d\\ude00"'],
    words: jsonWords,
    refusals: [SyntaxError],
    run(input) {
      const { value } = parseJson(input, { raw: true })
      const { value: typed, errors } = decode(Deployment, parseJson(input).value)
      if (errors.length > 0 || typed === undefined) return void value
      const once = encodeJson(Deployment, typed)
      const again = decode(Deployment, JSON.parse(once))
      assert.deepEqual(again.errors, [])
      assert.equal(encodeJson(Deployment, again.value), once)
    },
  },
  {
    name: 'yaml',
    seeds: [
      'a: 1\nb: [x, yes, 0o17, 0644, ~]\nc: {d: "e", f: \'g\'}\n',
      'a: &x {b: c}\nd: *x\ne: {<<: *x, f: |\n  text\n  more\n}\n',
      '- >-\n  folded\n- !!str 5\n- ? k\n  : v\n# end\n---\nz: 1\n',
      formatYaml(deployment),
    ],
    words: [
      '&a ',
      '*a',
      '<<: ',
      '- ',
      ': ',
      '? ',
      '|\n',
      '>\n',
      '---\n',
      '...\n',
      '!!binary ',
      '"',
      "'",
      '\t',
      '{',
      '}',
      '[',
      ']',
      '#',
      '%YAML 1.1\n',
      '.inf',
      '0x1F',
      '\xef\xbb\xbf',
    ],
    refusals: [SyntaxError],
    run(input) {
      const { value } = parseYaml(text(input))
      const written = formatYaml(value)
      assert.deepEqual(parseYaml(written).value, value, written)
    },
  },
  {
    name: 'protobuf',
    seeds: [encoded, encoded.subarray(0, 40), new Uint8Array([0x0a, 0x03, 0x0a, 0x01, 0x64])],
    words: [
      '\x0a\x00',
      '\x12\xff\xff\xff\xff\x0f',
      '\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01',
      '\x0b',
      '\x0c',
      '\x0d\x00\x00\x00\x00',
      '\x09',
      '\x0a\x7f',
    ],
    refusals: [RangeError],
    run(input) {
      const once = encodeProtobuf(Deployment, decodeProtobuf(Deployment, input))
      assert.deepEqual(encodeProtobuf(Deployment, decodeProtobuf(Deployment, once)), once)
    },
  },
  {
    name: 'json-patch',
    seeds: [
      '[{"op":"add","path":"/metadata/labels/x","value":"y"},{"op":"test","path":"/spec/replicas","value":3}]',
      '[{"op":"copy","from":"/spec/template","path":"/spec/copy"},{"op":"move","from":"/spec/replicas","path":"/x"},{"op":"remove","path":"/kind"}]',
      '[{"op":"replace","path":"/spec/template/spec/containers/0/ports/-","value":{"a~1b":null}}]',
    ],
    words: [...jsonWords, '"op"', '"path"', '"from"', '"value"', '"add"', '"copy"', '"/-"', '"/~0~1"', '/spec/template', '"test"'],
    refusals: [SyntaxError],
    run(input) {
      readPatch(input, 'application/json-patch+json')
      applyJsonPatch(structuredClone(deployment), parseJson(input).value, text(input))
    },
  },
  {
    name: 'merge-patch',
    seeds: [
      '{"metadata":{"labels":{"a":null,"c":"d"}},"spec":{"replicas":5}}',
      '{"spec":null}',
      '{"spec":{"template":{"spec":{"containers":[]}}}}',
    ],
    words: [...jsonWords, '"spec"', '"metadata"'],
    refusals: [SyntaxError],
    run(input) {
      readPatch(input, 'application/merge-patch+json')
      const patch = parseJson(input).value
      const once = applyMergePatch(deployment, patch)
      assert.deepEqual(applyMergePatch(once, patch), once)
    },
  },
  {
    name: 'strategic-patch',
    seeds: [
      '{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"j"},{"name":"z","$patch":"delete"}],"$setElementOrder/containers":[{"name":"c"}]}}}}',
      '{"spec":{"$retainKeys":["replicas"],"replicas":1},"metadata":{"$deleteFromPrimitiveList/finalizers":["x"],"labels":{"$patch":"replace"}}}',
    ],
    words: [
      ...jsonWords,
      '"$patch":"replace"',
      '"$patch":"delete"',
      '"$retainKeys":["a"]',
      '"$setElementOrder/containers"',
      '"$deleteFromPrimitiveList/finalizers"',
      '"name":"c"',
    ],
    refusals: [SyntaxError],
    allowsInternal: true,
    run(input) {
      const patch = parseJson(input).value
      const merged = applyStrategicPatch(Deployment, deployment, patch)
      decode(Deployment, merged)
    },
  },
  {
    name: 'apply',
    seeds: [
      JSON.stringify(deployment),
      '{"spec":{"template":{"spec":{"containers":[{"name":"c","ports":[{"containerPort":80,"protocol":"TCP"}]}]}}}}',
      '{"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{"k:{\\"name\\":\\"c\\"}":{},"v:1":{},"i:0":{}}}',
    ],
    words: [...jsonWords, '"f:spec"', '"k:{\\"name\\":\\"c\\"}"', '"v:1"', '"i:0"', '"."', '"name":"c"', '"containers"'],
    refusals: [SyntaxError, MergeError],
    run(input) {
      const { value } = parseJson(input)
      readFieldSet(value)
      const schema = mergeSchemaOf(Deployment)
      checkApplied(schema, value)
      setOfValue(schema, value)
      const once = mergeValues(schema, deployment, value)
      assert.deepEqual(mergeValues(schema, once, value), once)
    },
  },
  {
    name: 'label-selector',
    seeds: ['a=b,c!=d', 'e in (f,g),h notin (i),j,!k', 'l gt 5,m<6', 'example.com/x=y', 'a in ()', 'a = , b=='],
    words: ['in', 'notin', '(', ')', ',', '!', '=', '==', '!=', '>', '<', ' ', 'gt', '/', '.', 'a'.repeat(64)],
    refusals: [],
    run(input) {
      const selector = parseSelector(text(input))
      const written = formatSelector(selector)
      assert.equal(formatSelector(parseSelector(written)), written)
      matches(selector, { a: 'b', 'example.com/x': 'y', l: '7' })
    },
  },
  {
    name: 'field-selector',
    seeds: ['metadata.name=x', 'status.phase!=Running,spec.nodeName==n', 'a=b\\,c\\=d\\\\', ''],
    words: ['=', '==', '!=', ',', '\\', '\\,', 'metadata.name', '.'],
    refusals: [],
    run: (input) => void parseFieldSelector(text(input)),
  },
  {
    name: 'quantity',
    seeds: ['100m', '1.5Gi', '1e3', '-0.5', '+1Ki', '123456789012345678901234567890n', '.5E', '0.000000001'],
    words: ['Ki', 'Ei', 'e', 'E', '-', '+', '.', '0', '9', 'm', 'n', '000', 'e1000'],
    refusals: [RangeError],
    run(input) {
      const given = text(input)
      const once = canonicalQuantity(given)
      assert.equal(canonicalQuantity(once), once)
      // Past its largest suffix the reference loses the magnitude, and so do we.
      if (quantityToNumber(given) < 1e21) assert.equal(compareQuantity(given, once), 0)
    },
  },
  {
    name: 'duration',
    seeds: ['1h30m', '1.5s', '-100ms', '3us', '0', '1.000000001s', '2562047h47m16.854775807s'],
    words: ['h', 'm', 's', 'ms', 'us', '\xc2\xb5s', 'ns', '.', '-', '+', '0', '9'],
    refusals: [RangeError],
    run(input) {
      const once = formatDuration(parseDuration(text(input)))
      assert.equal(formatDuration(parseDuration(once)), once)
    },
  },
  {
    name: 'time',
    seeds: ['2024-01-02T03:04:05Z', '2024-02-29T23:59:59.123456+02:30', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59-23:59'],
    words: ['-', ':', 'T', 'Z', '+', '.', ',', '00', '99', '000000'],
    refusals: [RangeError],
    run(input) {
      for (const normalize of [normalizeTime, normalizeMicroTime])
        try {
          const once = normalize(text(input))
          assert.equal(normalize(once), once)
        } catch (error) {
          if (!(error instanceof RangeError)) throw error
        }
    },
  },
  {
    name: 'ip',
    seeds: ['10.0.0.1', '::1', 'fe80::1:2', '::ffff:1.2.3.4', '10.0.0.0/8', '2001:db8::/32', '010.001.1.1'],
    words: [':', '::', '.', '/', '0', 'ffff', '255', '256', '128', '%eth0'],
    refusals: [],
    run(input) {
      const address = parseIp(text(input))
      if (address !== undefined) assert.deepEqual(formatIp(parseIp(formatIp(address))!), formatIp(address))
      const network = parseCidr(text(input))
      if (network !== undefined) assert.equal(formatCidr(parseCidr(formatCidr(network))!), formatCidr(network))
    },
  },
  {
    name: 'cel',
    seeds: [
      "d.a.b.all(x, x != 'y') && s.matches('^h.*o$')",
      'l.map(x, string(x)).join(",").size() < 10u ? 1 + 2 * 3 : int(1.5)',
      "{'a': [1, 2.5, true, null]}.a[0] in l || has(d.q) || !d[?'x'].hasValue()",
      "url('https://a/b').getHost() == quantity('1Gi').string() || ip('::1').family() == 6",
      "s.split('l').sort().reverse()[0].format(['x']).lowerAscii()",
    ],
    words:
      '( ) [ ] { } . , : ? && || ! == in + - * / % r"\\d" b\'x\' """ 0x1 1e9 9223372036854775807 18446744073709551615u .all( .map( optional.of( duration( timestamp( lists.range( has( \\u1234 // dyn( type('.split(
        ' ',
      ),
    refusals: [],
    run(input) {
      const compiled = compile(text(input), within)
      if (!compiled.ok) return void assert.notEqual(compiled.message, '')
      compiled.program.cost()
      const { value, error } = compiled.program.run(variables, { costLimit: 100_000 })
      assert.ok((value === undefined) !== (error === undefined))
    },
  },
  {
    name: 'schema',
    seeds: [
      '{"type":"object","properties":{"a":{"type":"string","pattern":"^a*$","default":"b"},"l":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["k"],"items":{"type":"object","required":["k"],"properties":{"k":{"type":"string"}}}}}}',
      '{"type":"object","additionalProperties":{"x-kubernetes-int-or-string":true},"anyOf":[{"required":["a"]},{"not":{"minProperties":2}}],"x-kubernetes-validations":[{"rule":"self.size()>0","message":"m"}]}',
      '{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"e":{"type":"object","x-kubernetes-embedded-resource":true},"n":{"type":"number","multipleOf":0.1,"maximum":5,"enum":[1,2]}}}',
    ],
    words: [
      ...jsonWords,
      '"type"',
      '"object"',
      '"array"',
      '"items"',
      '"properties"',
      '"allOf"',
      '"not"',
      '"pattern":"(a*)*$"',
      '"enum"',
      '"default"',
      '"x-kubernetes-list-type":"set"',
      '"format":"date-time"',
      '"$ref"',
      '"nullable":true',
    ],
    refusals: [SyntaxError],
    run(input) {
      const given = parseJson(input).value
      const { value, errors } = decode(CustomResourceDefinition, definitionOf(given))
      if (errors.length > 0) return
      const definition = value as CustomResourceDefinition
      validateDefinition(definition)
      const schema = definition.spec.versions[0]?.schema?.openAPIV3Schema as never
      if (schema === undefined || structuralProblem(schema) !== undefined || validateStructural(schema, '').length > 0) return
      const sample = { a: 'aaaa', l: [{ k: 'x' }, { k: 'x' }], e: { kind: 'K' }, n: 3, u: { v: [null] } }
      const pruned = prune(schema, sample, { isRoot: true })
      assert.deepEqual(prune(schema, pruned, { isRoot: true }), pruned)
      validateValue(schema, pruned)
    },
  },
  {
    name: 'request',
    seeds: [
      'GET /api/v1/namespaces/a/pods/b/log?follow=true&limit=5',
      'POST /apis/apps/v1/namespaces/a/deployments?dryRun=All&fieldManager=x',
      'GET /api/v1/pods?labelSelector=a%3Db&fieldSelector=metadata.name%3Dx&resourceVersion=5&resourceVersionMatch=Exact&continue=eyJ2Ijoi',
      'GET /api/v1/watch/namespaces/a/pods?watch=1&sendInitialEvents=true&timeoutSeconds=5 application/json;as=Table;v=v1;g=meta.k8s.io,application/json;q=0.5,*/*',
    ],
    words: [
      '/',
      '//',
      '%2F',
      '%',
      '%zz',
      '..',
      '?',
      '&',
      '=',
      '+',
      ';',
      ',',
      'api',
      'apis',
      'namespaces',
      'watch',
      'proxy',
      'q=0.1',
      'as=',
      '*/*',
      '\x00',
    ],
    refusals: [],
    allowsInternal: true,
    run(input) {
      const [method = '', target = '', accept = ''] = text(input).split(' ')
      const info = parseRequest(method, target)
      acceptable(accept, objectTypes)
      try {
        negotiate(accept, { watch: info.verb === 'watch', plainProtobuf: true })
      } finally {
        parseListQuery(Pod, info.query, info.verb === 'watch')
      }
    },
  },
]

const within = environment({ variables: { d: dynType, s: stringType, l: listType(dynType) } })
const variables = { d: adoptJson({ a: { b: [1, 2.5, 'x', null] }, s: 'text' }), s: 'hello', l: adoptJson([1, 'a', [2]]) }

const definitionOf = (schema: unknown): object => ({
  metadata: { name: 'as.example.com' },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'as', singular: 'a', kind: 'A', listKind: 'AList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
  },
})
