import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#api/kind.ts'
import { WherryError } from '#lib/errors.ts'
import type { Outbound } from '../outbound.ts'
import { webhookConversion } from './webhook-conversion.ts'

const object = { apiVersion: 'g/v1', kind: 'W', metadata: { name: 'a', uid: 'u', labels: { a: 'b' } }, spec: 1 } as unknown as KubeObject

interface Review {
  readonly apiVersion: string
  readonly request: { readonly uid: string; readonly desiredAPIVersion: string; readonly objects: readonly KubeObject[] }
}

/** Asks a webhook that answers so, and says what came of it. */
async function outcome(answer: (review: Review) => unknown, versions: readonly string[] = ['v1'], status = 200): Promise<unknown> {
  const outbound: Outbound = async (_target, _options, { body }) => {
    const found = answer(JSON.parse(Buffer.from(body!).toString()) as Review)
    return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(found)) } as never
  }
  const webhook = { clientConfig: { url: 'https://hook.example.com/convert' }, conversionReviewVersions: versions } as never
  try {
    return await webhookConversion(webhook, { outbound, uuid: () => 'id' })([object], 'g/v2')
  } catch (error) {
    assert.ok(error instanceof WherryError)
    return error.message
  }
}

const success = ({ apiVersion, request }: Review, convert = (one: KubeObject): unknown => ({ ...one, apiVersion: 'g/v2' })) => ({
  apiVersion,
  kind: 'ConversionReview',
  response: { uid: request.uid, result: { status: 'Success' }, convertedObjects: request.objects.map(convert) },
})
const failed = 'conversion webhook for g/v1, Kind=W failed: '
const invalid = 'conversion webhook for g/v1, Kind=W returned invalid object at index 0: '

test('what a webhook answers is taken, or refused in the words of the reference', async () => {
  const check = async (answer: (review: Review) => unknown, wanted: unknown, versions?: readonly string[]): Promise<void> =>
    assert.deepEqual(await outcome(answer, versions), wanted)
  await check((review) => success(review), [{ ...object, apiVersion: 'g/v2' }])
  await check((review) => success(review), [{ ...object, apiVersion: 'g/v2' }], ['v9', 'v1beta1'])
  await check((review) => success(review), 'no supported conversion review versions', ['v9'])
  await check(
    (review) =>
      success(review, (one) => ({ ...one, apiVersion: 'g/v2', metadata: { ...one.metadata, labels: { c: 'd' }, generation: 9 } })),
    [{ ...object, apiVersion: 'g/v2', metadata: { name: 'a', uid: 'u', labels: { c: 'd' } } }],
  )
  await check(
    (review) => ({ ...success(review), kind: 'X' }),
    `${failed}expected webhook response of apiextensions.k8s.io/v1, Kind=ConversionReview, got apiextensions.k8s.io/v1, Kind=X`,
  )
  await check(({ apiVersion }) => ({ apiVersion, kind: 'ConversionReview' }), `${failed}no response provided`)
  await check(
    ({ apiVersion }) => ({ apiVersion, kind: 'ConversionReview', response: { uid: 'other' } }),
    `${failed}expected response.uid="id", got "other"`,
  )
  await check(
    ({ apiVersion }) => ({ apiVersion, kind: 'ConversionReview', response: { uid: 'id', result: { status: 'Failed', message: 'no' } } }),
    `${failed}no`,
  )
  await check((review) => success(review, (one) => one), `${invalid}invalid groupVersion (expected g/v2, received g/v1)`)
  await check(
    (review) => success(review, (one) => ({ ...one, apiVersion: 'g/v2', metadata: { ...one.metadata, name: 'b' } })),
    `${invalid}must have the same name: a != b`,
  )
  await check(
    ({ apiVersion }) => ({ apiVersion, kind: 'ConversionReview', response: { uid: 'id', result: { status: 'Success' } } }),
    'conversion webhook for g/v1, Kind=W returned 0 objects, expected 1',
  )
})
