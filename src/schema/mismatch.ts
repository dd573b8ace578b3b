/** A value that does not fit its type. The message is empty where "cannot unmarshal this into that" says it all. Never leaves `decode`. */
export class Mismatch extends Error {}
