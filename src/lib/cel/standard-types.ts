import {
  boolType,
  bytesType,
  type CelType,
  doubleType,
  durationType,
  intType,
  listType,
  mapType,
  nullType,
  parameterType,
  stringType,
  timestampType,
  typeType,
  uintType,
} from './types.ts'

/** Types that every expression can name. */
export const standardTypes: ReadonlyMap<string, CelType> = new Map(
  [
    boolType,
    bytesType,
    doubleType,
    durationType,
    intType,
    listType(parameterType('A')),
    mapType(parameterType('A'), parameterType('B')),
    nullType,
    stringType,
    timestampType,
    typeType,
    uintType,
  ].map((type) => [type.name, type]),
)
