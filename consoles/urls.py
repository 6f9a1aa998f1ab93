"""Every address of the console's host. Nothing of the messenger is here, and nothing of this is there."""

from django.urls import path
from django.views.generic import RedirectView

from consoles import files
from consoles.views import deletions, door, entries, export, overview

urlpatterns = [
    path("", RedirectView.as_view(url="/log")),
    path("sign-in", door.sign_in_page),
    path("sign-in/begin", door.begin),
    path("sign-in/finish", door.sign_in),
    path("step-up", door.step_up),
    path("sign-out", door.sign_out),
    path("log", entries.log),
    path("log/<int:leaf>", entries.entry),
    path("log/<int:leaf>/proof", entries.proof),
    path("log/<int:leaf>/proof.txt", entries.proof_file),
    path("people", entries.find_people),
    path("saved", entries.save),
    path("saved/<uuid:search_id>/drop", entries.drop),
    path("export", export.download),
    path("integrity", overview.show_integrity),
    path("alerts", overview.show_alerts),
    path("alerts/<int:leaf>", overview.review),
    path("plots", overview.show_plots),
    path("plots/data", overview.plot_data),
    path("reports", overview.reports),
    path("reports/who-looked", overview.who_looked),
    path("reports/deleted", deletions.deleted),
    path("files/<str:name>", files.serve),
]
