import { field, string } from '#schema/schema.ts'

/** What an object says of its own type in JSON; protobuf has it in the envelope (`Unknown`), hence no wire numbers. */
export const typeFields = {
  apiVersion: field(0, string(), {
    about:
      'APIVersion defines the group and version of the schema that this object is written in, such as apps/v1; the core group is just v1.',
  }),
  kind: field(0, string(), {
    about: 'Which kind of object this is, in CamelCase, such as Pod; together with apiVersion it names the schema.',
  }),
}
