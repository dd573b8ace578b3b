/** What the types of all kinds begin with, so that it is said once. */

import { field } from '#schema/schema.ts'
import { typeFields } from './type-fields.ts'
import { ObjectMeta } from './types.ts'

export { typeFields }

/** The type and the metadata of an object. */
export const objectFields = {
  ...typeFields,
  metadata: field(1, ObjectMeta, {
    always: true,
    about: "Standard object's metadata: name, namespace, labels, annotations, owners and what the server notes down.",
  }),
}
