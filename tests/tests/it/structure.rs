//! The rules of the house as tests: which room may import which, which vocabulary stays in which room, what a file looks
//! like, and how its sentences name what acts. An arrow that is not drawn in `rooms` breaks the build (DESIGN, STYLE
//! rules 1, 4 and 5).

mod acts;
mod documents;
mod files;
mod rooms;
mod words;
