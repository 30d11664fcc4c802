"""Template tags for forms: a field with its label, help and error; the summary of errors; the page that interrupts.

Loaded by `{% load ui %}`. They take Django's bound fields as they are.
"""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.template import Context, Library
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from cases.templatetags.containers import attribute, csrf_input
from cases.templatetags.facts import NOTHING, Text, icon, shape_of

register = Library()

WIDTHS = frozenset({"xs", "s", "m", "l", "full"})


def _named(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _errors(bound: BoundField) -> SafeString:
    if not bound.errors:
        return NOTHING
    return format_html(
        '<p class="field__error" id="{}_error">{}<span><span class="visually-hidden">{}</span> {}</span></p>',
        bound.auto_id,
        icon("circle-alert"),
        _("Error:"),
        format_html_join(mark_safe("<br>"), "{}", ((error,) for error in bound.errors)),
    )


def _described_by(bound: BoundField, help_text: Text) -> str:
    ids = [f"{bound.auto_id}_helptext"] if help_text else []
    if bound.errors:
        ids.append(f"{bound.auto_id}_error")
    return " ".join(ids)


@register.simple_tag
def field(
    bound: BoundField,
    label: Text = "",
    help: Text | None = "",  # noqa: A002 - the word templates use
    width: str = "",
    optional: bool | Text | None = None,
    prefix: Text = "",
    suffix: Text = "",
    hide_label: bool = False,
    placeholder: Text | None = "",
    autofocus: bool = False,
) -> SafeString:
    """A bound field whole: label, help, control, error; the control names its help and its error to readers.

    Empty options leave what the form says; None as help or placeholder takes the form's own away. Words as `optional`
    stand in place of "optional": when the field is needed after all.
    """
    widget = bound.field.widget
    if widget.is_hidden:
        return bound.as_hidden()
    help_text: Text = "" if help is None else help or bound.help_text
    label = label or bound.label
    if optional is None:
        optional = not bound.field.required and not isinstance(widget, forms.CheckboxInput)
    parts = {
        "state": " field--wrong" if bound.errors else "",
        "help": format_html('<div class="field__help" id="{}_helptext">{}</div>', bound.auto_id, help_text)
        if help_text
        else NOTHING,
        "error": _errors(bound),
        "optional": format_html(
            ' <span class="field__optional">({})</span>', _("optional") if optional is True else optional
        )
        if optional
        else NOTHING,
    }
    described = _described_by(bound, help_text)
    if isinstance(widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return _group(bound, label, parts, described, hide_label)
    attrs: dict[str, Any] = {"aria-describedby": described} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if placeholder or placeholder is None:
        attrs["placeholder"] = placeholder or False
    if autofocus:
        attrs["autofocus"] = True
    if isinstance(widget, forms.CheckboxInput):
        attrs["class"] = "choice__input"
        return format_html(
            '<div class="field field--choice{state}">{error}<div class="choice">{control}'
            '<label class="choice__label" for="{id}">{label}{optional}</label></div>{help}</div>',
            control=bound.as_widget(attrs=attrs),
            id=bound.id_for_label,
            label=label,
            **parts,
        )
    return format_html(
        '<div class="field{state}{width}"><label class="field__label{hidden}" for="{id}">{label}{optional}</label>{help}'
        "{error}{control}</div>",
        width=f" field--{width}" if width in WIDTHS else "",
        hidden=" visually-hidden" if hide_label else "",
        id=bound.id_for_label,
        label=label,
        control=_control(bound, widget, attrs, prefix, suffix),
        **parts,
    )


def _control(
    bound: BoundField, widget: forms.Widget, attrs: dict[str, Any], prefix: Text, suffix: Text
) -> SafeString:
    if isinstance(widget, forms.SelectMultiple):
        attrs["class"] = "input input--list"
    elif isinstance(widget, forms.Select):
        attrs["class"] = "input"
        return format_html(
            '<span class="select">{}{}</span>', bound.as_widget(attrs=attrs), icon("chevron-down")
        )
    elif isinstance(widget, forms.Textarea):
        attrs["class"] = "input input--text"
    elif isinstance(widget, forms.FileInput):
        attrs["class"] = "input input--file"
    else:
        attrs["class"] = "input"
    control = bound.as_widget(attrs=attrs)
    if not prefix and not suffix:
        return control
    return format_html(
        '<span class="affixed">{}{}{}</span>',
        format_html('<span class="affixed__part" aria-hidden="true">{}</span>', prefix) if prefix else "",
        control,
        format_html('<span class="affixed__part" aria-hidden="true">{}</span>', suffix) if suffix else "",
    )


def _group(
    bound: BoundField, label: Text, parts: dict[str, SafeString | str], described: str, hide_label: bool
) -> SafeString:
    choices = format_html_join(
        "",
        '<div class="choice">{}<label class="choice__label" for="{}">{}</label></div>',
        (
            (
                _tag_with_class(choice),
                choice.id_for_label,
                choice.choice_label,
            )
            for choice in bound.subwidgets
        ),
    )
    return format_html(
        '<fieldset class="field field--group{state}"{described}><legend class="field__label{hidden}">{label}{optional}'
        '</legend>{help}{error}<div class="choices">{choices}</div></fieldset>',
        described=attribute("aria-describedby", described),
        hidden=" visually-hidden" if hide_label else "",
        label=label,
        choices=choices,
        **parts,
    )


def _tag_with_class(choice: Any) -> SafeString:
    choice.data["attrs"]["class"] = "choice__input"
    tag: SafeString = choice.tag()
    return tag


@register.simple_tag
def fields(form: forms.BaseForm, only: str = "", skip: str = "", placeholders: bool = True) -> SafeString:
    """All fields of a form in its order, hidden ones too; `only` and `skip` are names divided by commas.

    Without `placeholders` those of the form itself are left out: they repeat the label in other people's forms.
    """
    keep, leave = _named(only), _named(skip)
    return format_html_join(
        "",
        "{}",
        (
            (field(bound, placeholder="" if placeholders else None),)
            for bound in form
            if bound.name not in leave and (not keep or bound.name in keep)
        ),
    )


@register.simple_block_tag
def field_row(content: SafeString) -> SafeString:
    return format_html('<div class="fieldrow">{}</div>', content)


@register.simple_block_tag
def fieldset(content: SafeString, title: Text, help: Text = "") -> SafeString:  # noqa: A002 - the word templates use
    return format_html(
        '<fieldset class="fieldset"><legend class="fieldset__title">{}</legend>{}{}</fieldset>',
        title,
        format_html('<p class="fieldset__help">{}</p>', help) if help else "",
        content,
    )


@register.simple_block_tag
def form_actions(content: SafeString) -> SafeString:
    return format_html('<div class="formactions">{}</div>', content)


# ── Errors ────────────────────────────────────────────────────────────────────────────────────────────────


def _lost_files(source: Any) -> Iterator[tuple[str, str, str]]:
    """(anchor, label, words) of each file that came with a form: the browser has let go of it."""
    if isinstance(source, forms.BaseFormSet):
        for form in source.forms:
            yield from _lost_files(form)
        return
    for bound in source:
        file = source.files.get(bound.html_name) if isinstance(bound.field, forms.FileField) else None
        # A file that was itself refused has its own line already.
        if file is not None and not bound.errors:
            words = _("Choose %(file)s again. A browser keeps no file of a form that comes back.")
            yield _first_control(bound), str(bound.label), words % {"file": file.name}


def _first_control(bound: BoundField) -> str:
    if isinstance(bound.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple):
        return f"{bound.auto_id}_0"
    return str(bound.id_for_label)


def _mistakes(source: Any) -> Iterator[tuple[str, str, str]]:
    """(anchor, label, error) of a form or a formset; the anchor is empty where no field shows the error."""
    if isinstance(source, forms.BaseFormSet):
        for error in source.non_form_errors():
            yield "", "", str(error)
        for form in source.forms:
            yield from _mistakes(form)
        return
    for error in source.non_field_errors():
        yield "", "", str(error)
    for bound in source:
        anchor = "" if bound.is_hidden else _first_control(bound)
        for error in bound.errors:
            yield anchor, str(bound.label), str(error)


@register.simple_tag
def error_summary(*sources: Any, focus: bool = True) -> SafeString:
    """What is wrong, at the top, each linked to its field. Nothing where nothing is wrong.

    `focus` takes the reader there when the page opens; off only where a page shows a summary as a sample.
    """
    found = [
        mistake
        for source in sources
        if source is not None and source.is_bound
        for mistake in _mistakes(source)
    ]
    if not found:
        return NOTHING
    for source in sources:
        if source is not None and source.is_bound:
            found += _lost_files(source)
    items = format_html_join(
        "",
        "<li>{}</li>",
        (
            (
                format_html('<a href="#{}">{}: {}</a>', anchor, label, error)
                if anchor
                else format_html("{}", error),
            )
            for anchor, label, error in found
        ),
    )
    return format_html(
        '<div class="errorsummary" tabindex="-1"{}><h2 class="errorsummary__title">{}{}</h2>'
        '<ul class="errorsummary__list">{}</ul></div>',
        mark_safe(' role="alert" data-focus') if focus else "",
        icon("octagon-alert"),
        _("There is a problem"),
        items,
    )


# ── Acts ──────────────────────────────────────────────────────────────────────────────────────────────────


@register.simple_tag(takes_context=True)
def post_button(
    context: Context,
    url: str,
    text: Text,
    icon: str = "",
    tone: str = "",
    small: bool = False,
    name: str = "",
    value: str = "",
    disabled: bool = False,
) -> SafeString:
    """A form of one button, for an act that needs no page of its own."""
    css = "btn" + (f" btn--{tone}" if tone else "") + (" btn--small" if small else "")
    return format_html(
        '<form class="inlineform" method="post" action="{}">{}<button class="{}"{}{}{}>{}<span>{}</span></button></form>',
        url,
        csrf_input(context),
        css,
        attribute("name", name),
        attribute("value", value),
        attribute("disabled", disabled),
        shape_of(icon),
        text,
    )


@register.simple_block_tag(takes_context=True)
def interruption(
    context: Context,
    content: SafeString,
    title: Text,
    confirm: Text,
    cancel_url: str,
    tone: str = "warn",
    form: forms.BaseForm | None = None,
    action: str = "",
    cancel: Text = "",
    multipart: bool = False,
    level: int = 1,
) -> SafeString:
    """The page before an act that cannot be taken back: what will happen, and one button that does it."""
    return format_html(
        '<form class="interruption interruption--{}" method="post" novalidate{}{}>{}{}'
        '<div class="interruption__head">{}<h{} class="interruption__title">{}</h{}></div>'
        '<div class="interruption__body stack">{}</div><div class="formactions"><button class="btn btn--{}">{}</button>'
        '<a class="btn btn--quiet" href="{}">{}</a></div></form>',
        tone,
        attribute("action", action),
        attribute("enctype", "multipart/form-data" if multipart else ""),
        csrf_input(context),
        error_summary(form) if form is not None else "",
        icon("octagon-alert" if tone == "danger" else "triangle-alert"),
        level,
        title,
        level,
        content,
        "danger" if tone == "danger" else "primary",
        confirm,
        cancel_url,
        cancel or _("Go back, change nothing"),
    )


@register.simple_tag(takes_context=True)
def filters(
    context: Context,
    form: forms.BaseForm,
    target: str = "",
    clear_url: str = "",
    label: Text = "",
    method: str = "get",
) -> SafeString:
    """A form that narrows a list, in one row. It applies itself on change where script runs; else by its button."""
    htmx = (
        format_html(
            ' hx-get="{path}" hx-target="{target}" hx-select="{target}" hx-swap="outerHTML" hx-push-url="true"',
            path=context["request"].path,
            target=target,
        )
        if target and method == "get"
        else ""
    )
    applied = form.is_bound and any(form[name].value() not in (None, "", [], False) for name in form.fields)
    return format_html(
        '<form class="filters" method="{}" role="search" aria-label="{}" data-autosubmit{}>{}{}{}'
        '<div class="filters__buttons"><button class="btn btn--small" data-apply>{}</button>{}</div></form>',
        method,
        label or _("Filter"),
        htmx,
        csrf_input(context) if method == "post" else "",
        error_summary(form),
        fields(form),
        _("Apply"),
        format_html(
            '<a class="btn btn--small btn--quiet" href="{}">{}{}</a>', clear_url, icon("x"), _("Clear")
        )
        if clear_url and applied
        else "",
    )
