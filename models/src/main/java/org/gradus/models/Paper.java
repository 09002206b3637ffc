// SPDX-License-Identifier: Apache-2.0
package org.gradus.models;

/// What a model implements.
///
/// @param title the paper's title
/// @param authors as on the paper, shortened after the third
/// @param year of publication
/// @param venue where it appeared
/// @param url where to read it
public record Paper(String title, String authors, int year, String venue, String url) {}
