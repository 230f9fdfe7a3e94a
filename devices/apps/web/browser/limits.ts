/** How much of a body is kept for reading, bytes: documents, style sheets, the text of the result. */
export const MAX_TEXT_BYTES = 1024 * 1024;
